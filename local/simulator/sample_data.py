"""The people, cars and sentences of simulated calls, all obviously invented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Mood = Literal["unhappy", "content", "pleased"]

FIRST_NAMES: Final = (
    *("Ada", "Bela", "Cleo", "Dana", "Eli", "Finn", "Gale", "Hana", "Ivo", "Jo", "Kim", "Lou"),
    *("Max", "Noor", "Oda", "Pat", "Quinn", "Remy", "Sam", "Tal", "Uma", "Vic", "Wren", "Zoë"),
)
LAST_NAMES: Final = (
    *("Demoson", "Dummond", "Example", "Fabricated", "Fictional", "Invented", "Madeup", "Mockford"),
    *("Nonesuch", "Placeholder", "Pretend", "Sampleton", "Specimen", "Standin", "Testwell", "Whatsit"),
)
YEARS: Final = range(2012, 2026)
MODELS: Final = (
    *("Example Pickup", "Example Wagon", "Mockup Electric", "Placeholder Hatch"),
    *("Sample Coupe", "Sample Sedan", "Specimen Van"),
)
SERVICES: Final = (
    *("Air conditioning check", "Annual service", "Battery replacement", "Brake inspection", "Oil change"),
    *("Tire rotation", "Transmission service", "Wheel alignment", "Windshield repair"),
)
CAMPAIGNS: Final = ("Service follow-up", "Service follow-up", "First visit", "Brake recall")
"""Each is drawn as often as it occurs here."""


@dataclass(frozen=True)
class Advisor:
    """An employee at the service desk."""

    name: str
    scores: tuple[int, ...]
    """Relative frequency of the scores 0, 1 … 10."""


ADVISORS: Final = (
    Advisor("Robin Sample", (0, 0, 0, 1, 0, 1, 2, 5, 9, 16, 22)),
    Advisor("Alex Mockford", (1, 0, 1, 1, 1, 2, 3, 8, 10, 12, 14)),
    Advisor("Casey Testwell", (2, 1, 1, 2, 2, 4, 5, 9, 9, 8, 7)),
    Advisor("Jordan Placeholder", (1, 0, 0, 1, 1, 2, 3, 6, 10, 13, 17)),
)

GREETING: Final = "Hello, this is the service desk of Example Motors. Do you have a minute?"
GOODBYE: Final = "Thank you very much, and goodbye."
MAILBOX: Final = "You have reached the mailbox of someone invented. Please leave a message."
DECLINING: Final[tuple[tuple[Literal["bot", "user"], str], ...]] = (
    ("bot", GREETING),
    ("user", "Sorry, I'm driving. Could you try another day?"),
    ("bot", "Of course. Drive safely, and goodbye."),
)


@dataclass(frozen=True)
class Topic:
    """A question of the assistant, and a customer's answers for each mood."""

    question: str
    answers: Mapping[Mood, tuple[str, ...]]


SCORE_TOPIC: Final = Topic(
    "From zero to ten, how likely are you to recommend us to a friend?",
    {
        "unhappy": ("Honestly? {score}.", "Hm, {score}, I'm afraid."),
        "content": ("I'd say {score}.", "Hm, {score}, I think."),
        "pleased": ("{score}, easily!", "That's a {score} from me."),
    },
)
TOPICS: Final = (
    Topic(
        "How was your recent visit for the {service}?",
        {
            "unhappy": ("Not great, to be honest. It took far too long.", "Well. I expected more."),
            "content": ("It went fine, thank you.", "All right. Nothing to complain about."),
            "pleased": ("Really good, everybody was so helpful.", "Überraschend gut, und der Kaffee auch ☕."),
        },
    ),
    SCORE_TOPIC,
    Topic(
        "What did we do especially well?",
        {
            "unhappy": ("I can't think of anything just now.", "The coffee was all right."),
            "content": ("The price was fair.", "I got an appointment quickly."),
            "pleased": (
                "{advisor} at the desk was very friendly and explained everything.",
                "You showed me the worn part before you changed it. I liked that a lot.",
            ),
        },
    ),
    Topic(
        "What could we have done better?",
        {
            "unhappy": (
                "The wait was about forty minutes longer than I was told, and nobody said a word.",
                "I had to call three times to hear that the car was ready.",
                "The bill was higher than the estimate, and nobody could tell me why.",
            ),
            "content": ("The parking lot was full.", "A text message when the car is ready would be nice."),
            "pleased": ("Nothing, really.", "Longer opening hours, perhaps? But I'm glad as it is."),
        },
    ),
    Topic(
        "Was your {vehicle} ready when we promised?",
        {
            "unhappy": ("No, I came back the next day.", "No. And it wasn't even washed."),
            "content": ("Yes, more or less.", "Ten minutes late, that's fine."),
            "pleased": ("Yes, and it was even washed.", "Even earlier than that."),
        },
    ),
    Topic(
        "Would you like a manager to call you back about that?",
        {
            "unhappy": ("Yes, tomorrow please.", "Please do. After five, if you can."),
            "content": ("No, that won't be necessary.",),
            "pleased": ("No, no, all is well.", "Only if they want to hear how happy I am."),
        },
    ),
)
PRAISE: Final = (
    *("Friendly staff", "Clear explanation of the work", "The car was washed", "Fair price"),
    *("Quick appointment", "Showed the worn part"),
)
COMPLAINTS: Final = (
    *("Long wait", "No message when the car was ready", "Bill higher than the estimate"),
    *("Parking was full", "Car was not washed", "Hard to reach by phone"),
    *("The rattle is still there", "No appointment for two weeks", "Unfriendly at the desk", "Nobody called me back"),
    *("Waited more than an hour", "Overcharged for the oil", "Trop d'attente", "La factura era más cara"),
    *("A scratch on the door", "The radio played all the time"),
)
ACTIONS: Final = (
    *("Call back about the waiting time", "Explain the bill", "Send the invoice by email"),
    *("Offer a new appointment", "Have a manager call tomorrow"),
)
OVERALL: Final[Mapping[Mood, str]] = {
    "unhappy": "The customer was unhappy with the visit for the {service} and said why.",
    "content": "The customer was content with the {service}; there is room to do better.",
    "pleased": "The customer was pleased with the {service} and would recommend the workshop.",
}


def mood_of(score: int) -> Mood:
    """Return the mood of a customer who gives this score, 0 to 10: detractor, passive or promoter."""
    if score <= 6:  # noqa: PLR2004 - as NPS defines it
        return "unhappy"
    return "content" if score <= 8 else "pleased"  # noqa: PLR2004 - likewise

"""Reasons, which say what went wrong: the default categories of an organization that has none of its own.

A call has at most one reason: the first category, in their order, with a keyword in the customer's complaint. The
counts of all reasons therefore add up to the number of calls that have one. docs/reasons.md describes how an operator
changes them.
"""

from typing import Final, NamedTuple

OTHER: Final = "other"
"""The key for a complaint without any keyword, and for a detractor without a complaint."""
OTHER_LABEL: Final = "Something else"
NOTHING: Final = ("", "none", "no", "nothing", "n a", "na", "not applicable", "no complaint", "no complaints")
"""Folded texts of a complaint or an answer that mean that there is none."""
ANY_ENDING: Final = "*"
"""The mark after a keyword whose last word may have any ending."""
MAX_KEY_CHARACTERS: Final = 40
MAX_SEARCHED_CHARACTERS: Final = 10_000
"""The number of characters of a complaint in which keywords are searched."""


class Category(NamedTuple):
    """A category; its keywords are folded: lower case, no accents, blanks instead of punctuation."""

    key: str
    label: str
    keywords: tuple[str, ...]


def label_of(key: str) -> str:
    """The default label of a category, for an organization without a label of its own."""
    return next((category.label for category in DEFAULTS if category.key == key), OTHER_LABEL)


DEFAULTS: Final = (
    Category(
        "hard_to_reach",
        "Hard to reach, not called back",
        (
            *("hard to reach", "not reach*", "never call*", "nobody call*", "no one call*", "call back", "called back"),
            *("never heard", "no answer", "on hold", "left a message", "voicemail", "voice mail", "unreachable"),
            *("call three times", "call several times", "had to call", "no callback", "by phone", "respond*", "reply*"),
            *("dificil contactar", "no contest*", "no llam*", "nunca llam*", "devolvieron la llamada", "no me llam*"),
            *("telefono", "contestador", "responder"),
            *("injoignable*", "jamais rappele*", "pas rappele*", "telephone*", "repondeur", "repond*", "joindre"),
        ),
    ),
    Category(
        "not_informed",
        "Not kept informed",
        (
            *("no message", "no update*", "not told", "not informed", "nobody said", "nobody told", "no one told"),
            *("communicat*", "no notice", "without notice", "not explained", "did not explain", "didn t explain"),
            *("no explanation", "unclear", "no one said", "not notified", "misinformed", "kept in the dark"),
            *(
                "no avis*",
                "no me avis*",
                "no nos avis*",
                "sin avis*",
                "no inform*",
                "sin inform*",
                "no explic*",
                "comunicac*",
                "falta de informacion",
            ),
            *("pas prevenu*", "pas informe*", "pas explique*", "sans prevenir", "sans explication*", "aucune nouvelle"),
        ),
    ),
    Category(
        "car_condition",
        "Car dirty or damaged",
        (
            *("dirty", "not washed", "wasn t washed", "unwashed", "wash*", "stain*", "scratch*", "dent", "dents"),
            *("dented", "damag*", "grease", "greasy", "clean*", "smell*"),
            *("sucio*", "sucia*", "sin lavar", "lava*", "limpi*", "mancha*", "rayad*", "rasguno*", "danad*", "golpe*"),
            *(
                "voiture sale",
                "etait sale",
                "pas propre*",
                "pas lave*",
                "lavage",
                "nettoy*",
                "tache*",
                "raye*",
                "rayure*",
                "abime*",
                "endommage*",
            ),
        ),
    ),
    Category(
        "not_fixed",
        "Not repaired properly",
        (
            *("not fixed", "not repaired", "wasn t fixed", "isn t fixed", "still broken", "still there", "still makes"),
            *("still not", "had to come back", "back again", "in again", "same problem", "same noise", "rattl*"),
            *("noise*", "warning light*", "misdiagnos*", "wrong part", "leak*", "wrong repair", "poor work*"),
            *("bad repair", "faulty", "broke*", "not done", "forgot*", "mistake*", "incomplete"),
            *("no arregl*", "no repar*", "mal reparad*", "sigue igual", "mismo problema", "ruido*", "averi*"),
            *("pas repare*", "mal repare*", "toujours en panne", "meme probleme", "bruit*", "panne*", "oublie*"),
        ),
    ),
    Category(
        "price",
        "Price and bill",
        (
            *(
                "price",
                "prices",
                "priced",
                "pricing",
                "expensive",
                "overpriced",
                "overcharg*",
                "cost",
                "costs",
                "costly",
                "bill",
                "bills",
            ),
            *("billed", "invoice*", "estimate*", "quote*", "charge*", "charging", "fee", "fees", "upsell*", "money"),
            *("precio*", "caro", "cara", "caros", "caras", "factura*", "presupuesto*", "cobr*", "costoso", "coste*"),
            *("prix", "cher", "chere", "chers", "cheres", "facture*", "devis", "cout*", "tarif*"),
        ),
    ),
    Category(
        "appointment",
        "Appointment and parts",
        (
            *(
                "appointment*",
                "schedul*",
                "reschedul*",
                "booking*",
                "booked",
                "availab*",
                "part was not",
                "back order*",
            ),
            *("backorder*", "spare part*", "parts", "out of stock", "opening hours", "loaner*", "rental car"),
            *("cita", "citas", "recambio*", "repuesto*", "pieza*", "horario*", "coche de cortesia"),
            *(
                "rendez vous",
                "rdv",
                "pieces",
                "piece de rechange",
                "rupture de stock",
                "horaire*",
                "voiture de pret",
                "vehicule de pret",
            ),
        ),
    ),
    Category(
        "place",
        "Parking, waiting room, location",
        (
            *("parking", "parked", "park", "waiting room", "lounge", "coffee", "shuttle*", "far away", "location"),
            *("restroom*", "toilet*", "seats", "wifi", "wi fi", "directions"),
            *("aparcamiento", "estacionamiento", "aparcar", "sala de espera", "cafe", "ubicacion"),
            *("stationnement", "se garer", "salle d attente", "navette*", "trop loin"),
        ),
    ),
    Category(
        "wait",
        "Long wait, not ready in time",
        (
            *("wait*", "long time", "too long", "took long", "slow*", "late", "later than", "delay*", "not ready"),
            *("wasn t ready", "not on time", "hours", "took forever", "took ages", "overdue", "promised time"),
            *(
                "esper*",
                "demora*",
                "demoro",
                "tarde",
                "tardo",
                "tardar*",
                "tardan*",
                "retras*",
                "lento",
                "lenta",
                "mucho tiempo",
                "no estaba listo",
            ),
            *(
                "attente*",
                "attendre",
                "attendu*",
                "retard*",
                "trop long*",
                "lent",
                "lente",
                "pas pret",
                "pas prete",
                "delai*",
            ),
        ),
    ),
    Category(
        "staff",
        "Unfriendly or not helpful",
        (
            *("rude*", "unfriendly", "impolite", "unhelpful", "not helpful", "attitude*", "disrespect*", "ignored"),
            *("arrogant", "dismissive", "unprofessional", "pushy", "not friendly", "condescend*", "lied", "dishonest"),
            *("grosero*", "grosera*", "antipatic*", "maleducad*", "mala atencion", "mal trato", "poco amable*"),
            *("impoli*", "desagreable*", "pas aimable*", "mal recu*", "accueil", "malpoli*", "incompetent*"),
        ),
    ),
)

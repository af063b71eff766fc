import hashlib
import hmac

from autopulse.domain.pseudonyms import Pseudonyms

KEY = b"0123456789abcdef0123456789abcdef"
PSEUDONYMS = Pseudonyms(KEY)


def test_it_is_an_hmac_with_a_prefix_for_each_kind() -> None:
    def expected(text: bytes) -> str:
        return hmac.new(KEY, text, hashlib.sha256).hexdigest()

    assert PSEUDONYMS.of_call(42) == expected(b"call:42")
    assert PSEUDONYMS.of_vapi_call("ab-1") == expected(b"vapi-call:ab-1")
    assert PSEUDONYMS.of_number("+15550100") == expected(b"number:+15550100")


def test_equal_texts_of_two_kinds_have_two_pseudonyms() -> None:
    made = {PSEUDONYMS.of_call(42), PSEUDONYMS.of_vapi_call("42"), PSEUDONYMS.of_number("42")}
    assert len(made) == 3


def test_letter_case_and_spaces_of_vapis_id_make_no_difference() -> None:
    assert PSEUDONYMS.of_vapi_call(" AB-1 ") == PSEUDONYMS.of_vapi_call("ab-1")


def test_another_key_makes_other_pseudonyms() -> None:
    assert Pseudonyms(KEY[::-1]).of_call(42) != PSEUDONYMS.of_call(42)


def test_the_key_is_not_shown() -> None:
    assert "0123" not in repr(PSEUDONYMS)

import pytest

from spacy_hone.deploy.optimize.processor import Processor, parse, read_processor

XEON = "processor\t: 0\nmodel name\t: Xeon A\nflags\t\t: fpu avx2 avx512f avx512_vnni amx_int8 amx_bf16\n\nprocessor\t: 1\n"
HASWELL = "model name\t: Core i5\nflags\t\t: fpu sse4_2 avx2\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp bf16 i8mm\n"


@pytest.mark.parametrize(
    "text, features, saturates",
    [
        (XEON, ("avx2", "avx512", "vnni", "amx", "bf16"), False),
        (HASWELL, ("avx2",), True),
        (ARM, ("bf16", "dotprod"), False),
        ("processor\t: 0\n", None, True),
    ],
)
def test_features(text, features, saturates):
    processor = parse(text)
    assert (processor.features, processor.saturates) == (features, saturates)


def test_names():
    assert parse(XEON).name == "Xeon A"
    assert read_processor().name


@pytest.mark.parametrize(
    "processor, seven, code",
    [
        (parse(XEON), False, "H729"),
        (parse(XEON), True, None),
        (parse(HASWELL), True, "H727"),
        (parse(HASWELL), False, "H727"),
        (Processor("?", None), True, "H728"),
    ],
)
def test_warnings(processor, seven, code):
    lines = processor.warn(seven)
    assert [line[1:5] for line in lines] == [code] * bool(code)
    assert code != "H727" or ("7 bits" in lines[0]) == seven

"""Types that several rooms share."""

from typing import Literal

Scheme = Literal["BIO", "BILUO"]
Precision = Literal["auto", "fp32", "bf16"]
Link = Literal["softmax", "sigmoid"]

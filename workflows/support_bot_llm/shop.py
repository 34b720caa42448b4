"""The shop in figures: opening hours, appliances with their prices, and the order book.

Kettle & Crumb does not exist, and neither do its orders.
"""

from dataclasses import dataclass

NAME = "Kettle & Crumb"
PHONE = "555-0142"
EMAIL = "hello@kettleandcrumb.example"

HOURS: dict[str, tuple[str, str]] = {
    "Monday": ("9:30 am", "6 pm"),
    "Tuesday": ("9:30 am", "6 pm"),
    "Wednesday": ("9:30 am", "6 pm"),
    "Thursday": ("9:30 am", "8 pm"),
    "Friday": ("9:30 am", "6 pm"),
    "Saturday": ("9 am", "5:30 pm"),
    "Sunday": ("11 am", "4 pm"),
}
"""Weekday to when the doors open and close."""

DAY_NOTES: dict[str, str] = {
    "Monday": "It's usually our quietest day.",
    "Tuesday": "The repair bench is staffed until five.",
    "Wednesday": "There is a free coffee tasting at three.",
    "Thursday": "That's our late evening.",
    "Friday": "The last hour is usually calm.",
    "Saturday": "Before eleven is best if you don't like queues.",
    "Sunday": "The repair bench is closed that day, the rest of the shop isn't.",
}
"""Weekday to what is worth knowing about it."""


@dataclass(frozen=True)
class Appliance:
    """Something the shop sells. Prices are whole dollars, tax included."""

    name: str
    price: int
    warranty: tuple[int, int, int]
    """What one, two and three further years of warranty cost."""
    repair: int
    """What a typical repair costs after the warranty."""
    in_stock: bool
    also: str = ""
    """Other names that customers use, separated by commas."""

    @property
    def with_article(self) -> str:
        """The name as it stands in a sentence: `a toaster`, `an air fryer`."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"


APPLIANCES: tuple[Appliance, ...] = (
    Appliance("espresso machine", 389, (39, 69, 95), 85, True, "coffee machine, coffee maker"),
    Appliance("stand mixer", 299, (29, 52, 72), 60, True, "mixer, kitchen mixer"),
    Appliance("food processor", 149, (18, 32, 44), 45, True, "processor"),
    Appliance("air fryer", 119, (16, 28, 38), 40, False, "fryer, airfryer"),
    Appliance("microwave", 129, (17, 30, 41), 45, True, "microwave oven"),
    Appliance("bread maker", 109, (15, 27, 36), 40, True, "bread machine, breadmaker"),
    Appliance("blender", 89, (12, 21, 29), 35, True, "smoothie maker"),
    Appliance("slow cooker", 69, (10, 18, 24), 30, False, "crock pot, crockpot"),
    Appliance("rice cooker", 59, (9, 16, 21), 28, True, "cooker"),
    Appliance("ice cream maker", 139, (18, 32, 43), 45, False, "ice cream machine"),
    Appliance("waffle iron", 49, (8, 14, 19), 25, True, "waffle maker"),
    Appliance("juicer", 99, (14, 25, 34), 38, True, "juice machine"),
    Appliance("toaster", 45, (7, 12, 16), 20, True, "sandwich toaster"),
    Appliance("kettle", 39, (6, 11, 15), 18, True, "electric kettle"),
)

NOT_SOLD = (
    "fridge, freezer, refrigerator, dishwasher, washing machine, washer, dryer, stove, hob, "
    "cooktop, oven, range, television, tv, phone, laptop, vacuum, bike, bicycle, sofa, furniture"
)
"""What people ask for and the shop does not have, separated by commas."""

ORDER_STATES: tuple[str, ...] = (
    "is packed and waiting for the courier; it leaves tonight and should be with you in two "
    "working days",
    "left our warehouse yesterday and is out for delivery tomorrow, between 9 am and 1 pm",
    "is held up: one item comes from our supplier next week, and the rest can go ahead if you "
    "prefer",
    "was delivered and signed for by a neighbor",
    "is ready for collection at the counter",
)
"""Where an order may be. The last digit of its number, modulo five, tells which applies."""

"""Where versions live: writing, finding, reading and removing them."""

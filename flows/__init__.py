"""The flows, one file each; every one reads as its recipe."""

"""How reliable each rule and judge is, measured against what people decided."""

"""How fast the program is, as ratios that are measured in one run; nothing here is asserted."""

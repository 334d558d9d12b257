-- The door that each home was last written with, normalised: homes of one village with one door are one.
CREATE TABLE doors (
  record INTEGER PRIMARY KEY REFERENCES records(n),
  village TEXT NOT NULL,
  door TEXT NOT NULL
) STRICT;
CREATE INDEX doors_by_door ON doors(village, door);

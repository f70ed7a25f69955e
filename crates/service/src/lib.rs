//! mainstayd: it carries out what the engine decides, and feeds it what happens.

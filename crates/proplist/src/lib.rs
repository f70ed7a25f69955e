//! Property lists, value lists and multi-strings in the cluster API's byte format.

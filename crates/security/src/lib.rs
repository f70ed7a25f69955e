//! Security identifiers, access lists and the access check of the cluster's security descriptor.

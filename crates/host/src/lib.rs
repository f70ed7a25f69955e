//! The resource host: it loads resource types and drives resources by the service's orders.

//! The resource host: it loads resource types and drives resources by the service's orders.
//!
//! This crate owns the contract for resource types ([`resource_type`]). It never decides anything about the cluster:
//! it carries out orders, looks after what is online, and reports.
#![forbid(unsafe_code)]

pub mod resource_type;

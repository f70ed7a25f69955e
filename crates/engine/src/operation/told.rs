//! The words in which a record tells what has become of a part. Who reads records (explanations, durations) knows the parts
//! that ended well by them.

use mainstay_types::OperationId;
use mainstay_types::order::Cause;

/// It was brought up.
pub(crate) const ONLINE: &str = "online";
/// It was taken down.
pub(crate) const OFFLINE: &str = "offline";

/// Its type did not want to go offline.
pub(crate) fn vetoed(cause: &Cause) -> String {
    format!("vetoed: {cause}")
}

/// A later operation has its resource.
pub(crate) fn taken_over(by: OperationId) -> String {
    format!("taken over by operation {by}")
}

//! WebSockets as the server has them: a request that becomes one, and its two halves. What is said on them is decided by
//! those who run them: the live protocol, the gateways and the lab.

mod reader;
mod upgrade;
mod writer;

pub use reader::{Ended, Reader};
pub use upgrade::{Upgrade, other_version, switching};
pub use writer::Writer;

//! Server side of a WebSocket: the upgrade of a request, and reading and writing messages. Used by the live protocol, the
//! gateways and the lab.

mod deadline;
mod reader;
mod upgrade;
mod writer;

pub use deadline::{DeadlineStream, WriteDeadline};
pub use reader::{MessageReader, READ_BYTES, ReadError};
pub use upgrade::{Upgrade, switching_protocols, unsupported_version};
pub use writer::MessageWriter;

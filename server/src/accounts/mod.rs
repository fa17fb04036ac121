//! Accounts: names, what someone signs in with, and how often that may be tried.

pub mod device;
pub mod login_throttle;
pub mod names;
pub mod password;

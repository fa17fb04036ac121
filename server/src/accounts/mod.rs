//! Accounts: what someone signs in with.

pub mod password;

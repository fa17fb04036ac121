//! All tests of the server over real sockets, in one program: linked once, they take a minute less and gigabytes less
//! disk than as one program a file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod account_pages;
mod accounts;
mod architecture;
mod audit_page;
mod bad_input;
mod conformance;
mod connections;
mod crash;
mod deletion;
mod entering_pages;
mod frozen;
mod fuzz;
mod gateways;
mod lab;
mod language;
mod limits;
mod lost_answers;
mod mentions;
mod moderation;
mod moderation_pages;
mod offline;
mod order;
mod pages;
mod people;
mod people_pages;
mod permissions;
mod presence;
mod room_page_rights;
mod room_pages;
mod rooms;
mod security;
mod sessions;
mod slow_readers;
mod storage;
mod store_contract;
mod talk;
mod transports;
mod unread;
mod unread_property;
mod websocket;

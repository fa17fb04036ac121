//! All server tests in one program, because linking each file separately takes a minute longer and gigabytes more disk
//! space.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod account_pages;
mod accounts;
mod architecture;
mod audit_page;
mod auth_pages;
mod conformance;
mod connections;
mod control_events;
mod crash;
mod deletion;
mod event_order;
mod fuzz;
mod gateways;
mod invalid_input;
mod lab;
mod language;
mod limits;
mod mentions;
mod messages;
mod moderation;
mod moderation_pages;
mod pages;
mod paused_server;
mod people;
mod people_pages;
mod permissions;
mod presence;
mod queue_overflow;
mod room_page_permissions;
mod room_pages;
mod rooms;
mod security;
mod server_settings;
mod service_worker;
mod sessions;
mod slow_readers;
mod storage;
mod store_contract;
mod transports;
mod unread;
mod unread_property;
mod websocket;

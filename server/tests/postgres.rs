//! What is special about PostgreSQL: several writers, lost connections, and who may use a database.

mod cancelled_reads;
mod database;
mod log;
mod outages;
mod people;
mod proxy;
mod writers;

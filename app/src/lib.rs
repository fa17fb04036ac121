//! Parlor's pages, components and live client.

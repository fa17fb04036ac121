//! How Parlor starts in a browser.

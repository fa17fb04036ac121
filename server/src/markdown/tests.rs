//! What chat markdown becomes, what it can never become, and how long it may take.

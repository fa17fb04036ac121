//! The page built in the browser, for `trunk serve` beside a running server.

fn main() {
    console_error_panic_hook::set_once();
    parlor_app::csr::start();
}

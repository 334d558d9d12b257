//! `wangge-server`: see [`wangge_server::cli`].

fn main() -> std::process::ExitCode {
    wangge_server::cli::main()
}

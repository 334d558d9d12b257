//! The command line, for a county clerk: Chinese first, English beside it, one sentence for every error.

mod attention;
mod demo;
mod event;
mod init;
mod people;
mod run;
mod schema;
mod status;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::{County, CountyError, import::Import, keys::files, out};

/// 网格县级服务器：手机登记、同步、台账导入 / county server of Wangge: enrols phones, syncs, imports ledgers
#[derive(Parser, Debug)]
#[command(name = "wangge-server", version, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where the county lives.
#[derive(Args, Debug, Clone)]
pub struct Place {
    /// 数据目录 / data directory
    #[arg(long, global = true, value_name = "DIR", default_value = "wangge-data")]
    pub data: PathBuf,
    /// 密钥目录，默认为“数据目录-keys”，不能放在数据目录里 / keys directory, `<data>-keys` if not given; never inside the data
    #[arg(long, global = true, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// 以 JSON 输出 / print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

impl Place {
    /// The keys directory.
    pub fn keys_dir(&self) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| files::beside(&self.data))
    }
    /// Opens the county as its only server or importer.
    pub fn open(&self) -> Result<County, CountyError> {
        County::open(&self.data, &self.keys_dir())
    }
    /// Opens the county for one short command, beside a running server.
    pub fn open_beside(&self) -> Result<County, CountyError> {
        County::open_beside(&self.data, &self.keys_dir())
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    /// 新建一个县：生成密钥、恢复单和第一个管理员 / set up a county: keys, recovery sheet, first administrator
    Init(init::Init),
    /// 启动服务，等待手机连接 / start serving phones
    Serve(run::Serve),
    /// 导入台账：区划、楼栋、居民、场所、隐患 / import ledgers: regions, buildings, residents, places, hazards
    Import(Import),
    /// 为一部手机生成一次性注册码和二维码 / make a one-time code and QR for one phone
    Invite(people::Invite),
    /// 账号和网格分配 / accounts and who works where
    #[command(subcommand)]
    User(people::User),
    /// 网格登记 / grids
    #[command(subcommand)]
    Region(people::Region),
    /// 事件受理、派单、核查 / cases: accept, dispatch, check
    #[command(subcommand)]
    Event(event::Event),
    /// 停用一部手机（丢失、离职）/ take a phone out of use (lost, person left)
    Revoke(people::Revoke),
    /// 查看数量、手机、待处理事项 / counts, phones, what waits for a person
    Status(status::Status),
    /// 列出全县待确认事项和疑似重复 / list what waits for a person, and likely duplicates, over the whole county
    Attention(attention::Attention),
    /// 表单文件：检查、输出数据字典 / schema files: check them, print the dictionary
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
    /// 一分钟看懂：样例县、十一台手机、离线一天、全部核对 / a sample county, eleven phones, a day offline, all checked
    Demo(demo::Demo),
    #[command(hide = true)]
    DemoPhone(demo::DemoPhone),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Init(command) => command.run(&cli.place),
        Command::Serve(command) => command.run(&cli.place),
        Command::Import(command) => command.run(&cli.place),
        Command::Invite(command) => command.run(&cli.place),
        Command::User(command) => command.run(&cli.place),
        Command::Region(command) => command.run(&cli.place),
        Command::Event(command) => command.run(&cli.place),
        Command::Revoke(command) => command.run(&cli.place),
        Command::Status(command) => command.run(&cli.place),
        Command::Attention(command) => command.run(&cli.place),
        Command::Schema(command) => command.run(&cli.place),
        Command::Demo(command) => command.run(&cli.place),
        Command::DemoPhone(command) => command.run(),
    };
    match done {
        Ok(()) if out::whole() => ExitCode::SUCCESS,
        Ok(()) => {
            eprintln!("错误 / error: 输出没有写完 / the output could not be written in full");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("错误 / error: {error}");
            ExitCode::from(exit_status(&error))
        }
    }
}

/// 2 where nothing was done because something is there already, 1 for everything else.
pub fn exit_status(error: &CountyError) -> u8 {
    if matches!(error, CountyError::Exists(_)) { 2 } else { 1 }
}

fn print_json(value: &serde_json::Value) {
    say!("{value:#}");
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

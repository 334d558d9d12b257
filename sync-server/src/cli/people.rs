//! `invite`, `user`, `region`, `revoke`: short commands that also work while the server is running.

use std::io::IsTerminal as _;

use clap::{Args, Subcommand};
use serde_json::json;
use wangge_core::model::{DeviceId, Role, Scope, UserId};

use super::{Place, print_json};
use crate::{
    County, CountyError,
    county::INVITE_MS,
    keys::sheet,
    serve::{clock, entropy},
};

/// 角色：GW 专职网格员，PG 兼职网格员，GL 网格长，GD 网格指导员，TC 镇街中心，CC 县中心，DP 部门，MD 调解员，CM 儿童主任
pub(super) fn role(text: &str) -> Result<Role, String> {
    let all = || Role::ALL.map(|role| format!("{role} {}", role.zh())).join("、");
    text.to_uppercase().parse().map_err(|_| format!("角色应为以下之一 / one of: {}", all()))
}
fn device_id(text: &str) -> Result<DeviceId, String> {
    text.parse().map_err(|_| "手机编号应为 32 位十六进制，见 status / 32 hexadecimal digits, see status".to_owned())
}

/// What `invite` is told.
#[derive(Args, Debug)]
pub struct Invite {
    /// 账号，没有就新建 / account name; made where there is none
    #[arg(long, value_name = "USER")]
    user: UserId,
    /// 姓名，显示在手机上 / the person's name as phones show it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// 角色，如 GW 专职网格员、PG 兼职网格员、GL 网格长 / role, for example GW grid worker, PG part-time, GL grid head
    #[arg(long, value_parser = role, value_name = "ROLE")]
    role: Option<Role>,
    /// 负责的网格编码，可写多个 / grid code to work in; repeat for more
    #[arg(long = "grid", value_name = "CODE", requires = "role")]
    grids: Vec<Scope>,
    /// 手机连接的地址，如 https://10.0.0.5:8443 / address that phones connect to
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Invite {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = place.open_beside()?;
        let now = clock();
        let known = county.person(&self.user).ok();
        if known.is_none() || self.name.is_some() {
            let name = self.name.as_deref().unwrap_or(&self.user.0);
            county.add_user(&self.user, name, now)?;
        }
        if let Some(role) = self.role {
            self.grids.iter().try_for_each(|grid| county.assign(&self.user, role, grid, now).map(drop))?;
        }
        if let Some(url) = &self.url {
            county.set_url(url)?;
        }
        let code = county.invite(&self.user, self.role, now, &mut entropy)?;
        let text = code.to_string();
        if place.json {
            let person = county.person(&self.user)?;
            print_json(&json!({
                "code": text,
                "url": code.url,
                "user": self.user,
                "name": person.name,
                "assignments": person.assignments,
                "expires": now.plus(INVITE_MS),
            }));
            return Ok(());
        }
        let terminal = std::io::stdout().is_terminal();
        say!("{}", if terminal { sheet::terminal_qr(&text) } else { sheet::qr(&text) });
        say!("注册码 / enrolment code:\n{}\n", grouped(&text));
        say!("供 {} 的一部手机使用，15 分钟内有效 / for one phone of {}, good for 15 minutes", self.user, self.user);
        say!("手机连接 / the phone connects to: {}", code.url);
        Ok(())
    }
}

/// A code in groups of five, eight groups a line, for typing.
fn grouped(code: &str) -> String {
    let (prefix, digits) = code.split_once('-').unwrap_or(("", code));
    let digits: Vec<char> = digits.chars().collect();
    let groups: Vec<String> = digits.chunks(5).map(|group| group.iter().collect()).collect();
    let lines: Vec<String> = groups.chunks(8).map(|line| line.join("-")).collect();
    format!("{prefix}-{}", lines.join("-\n"))
}

/// `user …`.
#[derive(Subcommand, Debug)]
pub enum User {
    /// 新建账号或改姓名 / add an account, or change its name
    Add {
        /// 账号 / account name
        #[arg(value_name = "USER")]
        user: UserId,
        /// 姓名 / the person's name
        #[arg(long, value_name = "NAME")]
        name: String,
    },
    /// 让账号以某角色负责网格 / let an account work in grids in a role
    Assign(Assignment),
    /// 收回分配 / end assignments
    Unassign(Assignment),
}

/// Who works where in which role.
#[derive(Args, Debug)]
pub struct Assignment {
    /// 账号 / account name
    #[arg(value_name = "USER")]
    user: UserId,
    /// 角色 / role
    #[arg(long, value_parser = role, value_name = "ROLE")]
    role: Role,
    /// 网格编码，可写多个 / grid code; repeat for more
    #[arg(long = "grid", value_name = "CODE", required = true)]
    grids: Vec<Scope>,
}

impl User {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = place.open_beside()?;
        let user = match self {
            Self::Add { user, name } => {
                county.add_user(user, name, clock())?;
                user
            }
            Self::Assign(one) => {
                one.grids.iter().try_for_each(|grid| county.assign(&one.user, one.role, grid, clock()).map(drop))?;
                &one.user
            }
            Self::Unassign(one) => {
                one.grids.iter().try_for_each(|grid| county.unassign(&one.user, one.role, grid, clock()).map(drop))?;
                &one.user
            }
        };
        report(&county, user, place)
    }
}

fn report(county: &County, user: &UserId, place: &Place) -> Result<(), CountyError> {
    let person = county.person(user)?;
    if place.json {
        print_json(&json!({ "user": person.id, "name": person.name, "assignments": person.assignments }));
        return Ok(());
    }
    say!("{} {}", person.id, person.name);
    for (role, scope) in person.assignments {
        say!("  {role} {} {scope}", role.zh());
    }
    Ok(())
}

/// `region …`.
#[derive(Subcommand, Debug)]
pub enum Region {
    /// 登记一个网格 / add a grid
    Add {
        /// 网格编码 / grid code
        #[arg(value_name = "CODE")]
        code: Scope,
        /// 名称 / name
        #[arg(long, value_name = "NAME", default_value = "")]
        name: String,
    },
    /// 列出所有网格 / list all grids
    List,
}

impl Region {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        let county = place.open_beside()?;
        if let Self::Add { code, name } = self {
            county.add_region(code, name)?;
        }
        let regions = county.regions()?;
        if place.json {
            print_json(&json!(
                regions.iter().map(|(code, name)| json!({"code": code, "name": name})).collect::<Vec<_>>()
            ));
        } else {
            for (code, name) in regions {
                say!("{code} {name}");
            }
        }
        Ok(())
    }
}

/// What `revoke` is told.
#[derive(Args, Debug)]
pub struct Revoke {
    /// 手机编号，见 status / id of the phone, see status
    #[arg(value_parser = device_id, value_name = "DEVICE")]
    device: DeviceId,
}

impl Revoke {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        place.open_beside()?.revoke(&self.device, clock())?;
        if place.json {
            print_json(&json!({ "revoked": self.device }));
        } else {
            say!("已停用手机 {} / phone {} is out of use", self.device, self.device);
        }
        Ok(())
    }
}

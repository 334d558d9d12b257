//! `schema`: checks a county's schema files, and prints the dictionary.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use wangge_core::model::{SCHEMA_VERSION, Schema, SchemaError, dictionary, files};

use super::{Place, print_json, shown};
use crate::CountyError;

/// What `schema` is told.
#[derive(Subcommand, Debug)]
pub enum SchemaCommand {
    /// 检查本县的表单文件，连同内置文件一起 / check a county's schema files together with those that ship
    Check(Check),
    /// 输出数据字典（Markdown）/ print the dictionary as Markdown
    Doc(Doc),
}

/// What `schema check` is told.
#[derive(Args, Debug)]
pub struct Check {
    /// 记录类型、代码表、检查表或权限文件 / files of a kind, code lists, checklists or access
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What `schema doc` is told.
#[derive(Args, Debug)]
pub struct Doc {
    /// 语言 / language
    #[arg(long, default_value = "zh")]
    lang: Lang,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Lang {
    Zh,
    En,
}

impl SchemaCommand {
    pub(super) fn run(&self, place: &Place) -> Result<(), CountyError> {
        match self {
            Self::Check(check) => check.run(place),
            Self::Doc(doc) => {
                crate::out::print(format_args!(
                    "{}",
                    dictionary::markdown(Schema::built_in(), matches!(doc.lang, Lang::Zh))
                ));
                Ok(())
            }
        }
    }
}

impl Check {
    fn run(&self, place: &Place) -> Result<(), CountyError> {
        let mut texts = Vec::new();
        let mut problems = Vec::new();
        for path in &self.files {
            let bytes = std::fs::read(path).map_err(|error| CountyError::File { path: shown(path), error })?;
            match String::from_utf8(bytes) {
                Ok(text) => texts.push((shown(path), text.trim_start_matches('\u{feff}').to_owned())),
                Err(_) => problems.push(not_utf8(shown(path))),
            }
        }
        let county: Vec<_> = texts.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        let checked = Schema::with_county(SCHEMA_VERSION + 1, &county).map_err(|found| problems.extend(found));
        match checked {
            Ok(schema) if problems.is_empty() => {
                print_understood(place, &schema, &county);
                Ok(())
            }
            _ => {
                print_problems(place, &problems);
                Err(CountyError::Schema(problems.len()))
            }
        }
    }
}

fn not_utf8(file: String) -> SchemaError {
    SchemaError {
        file,
        line: 1,
        rule: "syntax".to_owned(),
        zh: "文件须存为UTF-8编码".to_owned(),
        en: "the file must be UTF-8".to_owned(),
    }
}

fn print_problems(place: &Place, problems: &[SchemaError]) {
    if place.json {
        return print_json(&json!({ "ok": false, "problems": problems }));
    }
    for problem in problems {
        say!("{problem}");
    }
}

fn print_understood(place: &Place, schema: &Schema, county: &[(&str, &str)]) {
    let said: Vec<_> = county.iter().map(|(file, text)| (*file, files::understood(schema, text))).collect();
    if place.json {
        let files: Vec<_> =
            said.iter().map(|(file, label)| json!({ "file": file, "zh": label.zh, "en": label.en })).collect();
        return print_json(
            &json!({ "ok": true, "files": files, "kinds": schema.kinds.len(), "lists": schema.lists.len() }),
        );
    }
    for (file, label) in said {
        say!("{file}: {} / {}", label.zh, label.en);
    }
    let (kinds, lists) = (schema.kinds.len(), schema.lists.len());
    say!("通过检查：共{kinds}类记录、{lists}张代码表 / accepted: {kinds} kinds, {lists} code lists");
}

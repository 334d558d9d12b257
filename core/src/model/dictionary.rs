//! The dictionary as a page: everything that the schema files say, for people to read.

use std::fmt::Write as _;

use super::{
    geo::MAX_ACCURACY,
    ids::{Audience, Role},
    schema::{Fact, Field, FieldType, Kind, Rule, Schema, When},
};

/// The whole dictionary as Markdown, in Chinese (`zh`) or in English.
pub fn markdown(schema: &Schema, zh: bool) -> String {
    let mut page = Page { schema, zh, out: String::new() };
    page.head();
    for kind in schema.kinds.values() {
        page.kind(kind);
    }
    page.attachment();
    page.audiences();
    page.lists();
    page.checklists();
    page.out
}

struct Page<'a> {
    schema: &'a Schema,
    zh: bool,
    out: String,
}

impl Page<'_> {
    fn pick<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        if self.zh { zh } else { en }
    }
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }
    fn say(&mut self, zh: &str, en: &str) {
        self.line(if self.zh { zh } else { en });
    }

    fn head(&mut self) {
        self.say("# 数据字典\n", "# Dictionary\n");
        self.say(
            "由 `core/schema` 生成（`wangge-server schema doc --lang zh`），请勿手改；测试会核对。办理流程见 [flow.md](flow.md)。",
            "Made from `core/schema` by `wangge-server schema doc --lang en`, not by hand; a test compares. The states of \
             events and other commands: [flow.md](flow.md).",
        );
        let version = self.schema.version;
        let _ = writeln!(self.out, "\n{} {version}", self.pick("版本：", "Version:"));
    }

    fn kind(&mut self, kind: &Kind) {
        let label = self.pick(&kind.zh, &kind.en).to_owned();
        let _ = writeln!(self.out, "\n## {label} `{}`\n", kind.name);
        if kind.server {
            self.say("只由服务器写。\n", "Written by the server alone.\n");
        }
        let title: Vec<_> = kind.title.iter().filter_map(|key| kind.field(key)).collect();
        let names: Vec<_> = title.into_iter().map(|field| self.pick(&field.zh, &field.en)).collect();
        let names = names.join(self.pick("、", ", "));
        let _ = writeln!(self.out, "{}{names}\n", self.pick("列表标题：", "Named in lists by: "));
        self.say(
            "| 字段 | 名称 | 类型 | 必填 | 谁接收 | 谁填写 | 合并规则 | 保存期限 | 目的 |",
            "| field | label | type | required | who receives | who writes | merge rule | kept | purpose |",
        );
        self.line("|---|---|---|---|---|---|---|---|---|");
        for field in &kind.fields {
            self.field(kind, field);
        }
        for effect in &kind.effects {
            let condition = self.condition(kind, &effect.when);
            let target = kind.field(&effect.record).and_then(|f| f.kind.as_deref()).and_then(|k| self.schema.kind(k));
            let Some(target) = target else { continue };
            for (key, code) in &effect.put {
                let Some(field) = target.field(key) else { continue };
                let (what, value) =
                    (self.pick(&field.zh, &field.en), self.schema.show(field, &code.as_str().into(), self.zh));
                let of = self.pick(&target.zh, &target.en);
                let sentence = if self.zh {
                    format!("\n{condition}，登记时同时把{of}的“{what}”记为“{value}”。")
                } else {
                    format!(
                        "\n{condition}: making such a record also puts '{what}' of the {} to '{value}'.",
                        of.to_lowercase()
                    )
                };
                self.line(&sentence);
            }
        }
    }

    fn field(&mut self, kind: &Kind, field: &Field) {
        let label = self.pick(&field.zh, &field.en).to_owned();
        let row = [
            format!("`{}`", field.key),
            label,
            self.type_of(field),
            self.required(kind, field),
            self.receivers(field.audience),
            self.writers(kind, field),
            self.rule(field),
            self.retention(&field.retain),
            field.purpose.clone(),
        ];
        let row: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        self.line(&format!("| {} |", row.join(" | ")));
    }

    fn type_of(&self, field: &Field) -> String {
        let plain = match field.value_type {
            FieldType::Text => ("文字", "text"),
            FieldType::Int => ("整数", "whole number"),
            FieldType::Bool => ("是否", "yes or no"),
            FieldType::Date => ("日期", "date"),
            FieldType::Code => ("代码", "code"),
            FieldType::Phone => ("电话", "telephone"),
            FieldType::IdNumber => ("身份证号", "ID number"),
            FieldType::Ref => ("引用", "reference"),
            FieldType::Time => ("时间", "time"),
            FieldType::Point => ("位置", "position"),
            FieldType::Uscc => ("统一社会信用代码", "social credit code"),
            FieldType::Region => ("区划代码", "region code"),
            FieldType::Attachment => ("附件", "attachment"),
        };
        let mut text = self.pick(plain.0, plain.1).to_owned();
        if let Some(list) = &field.list {
            let _ = write!(text, " [{list}](#list-{list})");
        }
        if let Some(kind) = field.kind.as_deref().and_then(|name| self.schema.kind(name)) {
            let _ = write!(text, " {}", self.pick(&kind.zh, &kind.en));
        }
        match (field.value_type, field.min, field.max) {
            (FieldType::Text, _, Some(max)) if self.zh => _ = write!(text, "，最多{max}字"),
            (FieldType::Text, _, Some(max)) => _ = write!(text, ", at most {max} characters"),
            (FieldType::Int, Some(min), Some(max)) => _ = write!(text, " {min}–{max}"),
            (FieldType::Int, Some(min), None) => _ = write!(text, " ≥ {min}"),
            (FieldType::Int, None, Some(max)) => _ = write!(text, " ≤ {max}"),
            (FieldType::Point, ..) => _ = write!(text, " (≤ {} km)", MAX_ACCURACY / 1000),
            _ => {}
        }
        if field.past {
            text += self.pick("，不晚于当天", ", not in the future");
        }
        if let Some(earlier) = &field.not_before {
            let _ = write!(text, "{} `{earlier}`", self.pick("，不早于", ", not before"));
        }
        text
    }

    fn condition(&self, kind: &Kind, when: &When) -> String {
        let Some(field) = kind.field(&when.field) else { return when.field.clone() };
        let values: Vec<_> =
            when.is.iter().map(|code| self.schema.show(field, &code.as_str().into(), self.zh)).collect();
        let (label, values) = (self.pick(&field.zh, &field.en), values.join(self.pick("、", ", ")));
        if self.zh {
            format!("“{label}”为{values}时")
        } else {
            format!("where {} is {values}", label.to_lowercase())
        }
    }

    fn required(&self, kind: &Kind, field: &Field) -> String {
        let mut parts = Vec::new();
        if field.required {
            let other = field.unless_given.as_deref().and_then(|key| kind.field(key));
            parts.push(match other {
                Some(other) => self
                    .pick(&format!("必填，除非已填“{}”", other.zh), &format!("yes, unless '{}' is given", other.en))
                    .to_owned(),
                None => self.pick("必填", "yes").to_owned(),
            });
        }
        if let Some(when) = &field.required_when {
            parts.push(format!("{}{}", self.condition(kind, when), self.pick("必填", "")));
        } else if let Some(when) = &field.when {
            parts.push(format!("{}{}", self.pick("只在", "only "), self.condition(kind, when)));
        }
        if field.hidden {
            parts.push(self.pick("不在表单上", "not on the form").to_owned());
        }
        parts.join(self.pick("；", "; "))
    }

    fn receivers(&self, audience: Audience) -> String {
        let roles: Vec<_> = Role::ALL.into_iter().filter(|role| self.schema.receives(*role, audience)).collect();
        let names: Vec<_> = roles.iter().map(ToString::to_string).collect();
        if names.is_empty() { format!("{audience}") } else { format!("{audience}: {}", names.join(" ")) }
    }

    fn writers(&self, kind: &Kind, field: &Field) -> String {
        if kind.server || field.server {
            return self.pick("服务器", "server").to_owned();
        }
        if field.rule == Rule::Command {
            return self.pick("只由操作", "commands alone").to_owned();
        }
        let may = |test: &dyn Fn(Role) -> bool| {
            let roles: Vec<_> = Role::ALL.into_iter().filter(|role| test(*role)).map(|role| role.to_string()).collect();
            roles.join(" ")
        };
        let mut text = may(&|role| self.schema.may_write(role, kind, field));
        let hints = may(&|role| self.schema.may_write_kind(role, kind) && self.schema.may_hint(role, field.audience));
        if !hints.is_empty() {
            let _ = write!(text, "{}{hints}", self.pick("；可留线索：", "; hints: "));
        }
        for (zh, en, roles) in [("；裁定：", "; decide: ", &field.decide), ("；调低：", "; lower: ", &field.lower)]
        {
            if !roles.is_empty() {
                let names: Vec<_> = roles.iter().map(ToString::to_string).collect();
                let _ = write!(text, "{}{}", self.pick(zh, en), names.join(" "));
            }
        }
        for code in &field.by_command {
            let shown = self.schema.show(field, &code.as_str().into(), self.zh);
            let _ = write!(
                text,
                "{}",
                if self.zh {
                    format!("；“{shown}”只由操作")
                } else {
                    format!("; '{shown}' by commands alone")
                }
            );
        }
        text.trim_start_matches(['；', ';', ' ']).to_owned()
    }

    fn rule(&self, field: &Field) -> String {
        let (zh, en) = rule_words(field.rule, field.fact);
        let mut text = self.pick(zh, en).to_owned();
        if let Some(set) = &field.joins {
            let _ = write!(text, "{} `{set}`", self.pick("；同时加入", "; also joins"));
        }
        if let Some(suggests) = &field.suggests {
            let code = self.schema.lists.get("hazard").and_then(|list| list.get(&suggests.category));
            let shown = code.map_or(suggests.category.as_str(), |code| self.pick(&code.zh, &code.en));
            let _ = write!(text, "{}{shown}", self.pick("；危险时提示上报：", "; when dangerous offers a report: "));
        }
        text
    }

    fn retention(&self, word: &str) -> String {
        let code = self.schema.lists.get("retention").and_then(|list| list.get(word));
        code.map_or(word, |code| self.pick(&code.zh, &code.en)).to_owned()
    }

    fn attachment(&mut self) {
        let part = self.schema.attachment.clone();
        let label = self.pick(&part.zh, &part.en).to_owned();
        let _ = writeln!(self.out, "\n## {label} `{}`\n", part.name);
        self.say(
            "一段文字，各部分依次以逗号隔开；照片本身另传。\n",
            "One text, its parts in this order between commas; the bytes travel apart.\n",
        );
        self.say("| 部分 | 名称 | 必有 | 目的 |", "| part | label | always there | purpose |");
        self.line("|---|---|---|---|");
        for field in &part.fields {
            let (label, yes) =
                (self.pick(&field.zh, &field.en), if field.required { self.pick("是", "yes") } else { "" });
            let row = format!("| `{}` | {label} | {yes} | {} |", field.key, field.purpose);
            self.line(&row);
        }
    }

    fn audiences(&mut self) {
        self.say("\n## 谁接收、谁填写\n", "\n## Who receives and who writes\n");
        self.say(
            "一个角色对一类资料要么全部接收，要么完全不接收。\n",
            "A role receives all of an audience or nothing of it.\n",
        );
        self.say("| 角色 | | 接收 | 填写 | 可留线索 |", "| role | | receives | writes | may leave hints in |");
        self.line("|---|---|---|---|---|");
        let schema = self.schema;
        for role in Role::ALL {
            let names = |all: Vec<Audience>| all.iter().map(Audience::to_string).collect::<Vec<_>>().join(" ");
            let hints = Audience::ALL.into_iter().filter(|audience| schema.may_hint(role, *audience)).collect();
            let writes = schema.access.write.get(&role).map(|kinds| kinds.join(" ")).unwrap_or_default();
            let row = format!(
                "| {role} | {} | {} | {writes} | {} |",
                role.zh(),
                names(schema.audiences_of(role).to_vec()),
                names(hints)
            );
            self.line(&row.replace('*', "\\*"));
        }
    }

    fn lists(&mut self) {
        self.say("\n## 代码表\n", "\n## Code lists\n");
        self.say(
            "代码不重复使用；停用的代码仍能认出。",
            "A code is never used again; one out of use is still understood.",
        );
        let schema = self.schema;
        for list in schema.lists.values() {
            let label = self.pick(&list.zh, &list.en).to_owned();
            let version = self.pick("版本", "version");
            let _ = writeln!(
                self.out,
                "\n<a id=\"list-{}\"></a>**{label}** `{}`, {version} {}\n",
                list.name, list.name, list.version
            );
            for code in &list.codes {
                let mut row = format!("- `{}` {}", code.code, self.pick(&code.zh, &code.en));
                match (&code.from, &code.until) {
                    (None, None) => {}
                    (from, until) => {
                        let day = |day: &Option<String>| day.clone().unwrap_or_default();
                        let _ = write!(row, " ({} – {})", day(from), day(until));
                    }
                }
                if let Some(days) = code.days {
                    let _ = write!(row, " ({days} {})", self.pick("天", "days"));
                }
                self.line(&row);
            }
        }
    }

    fn checklists(&mut self) {
        self.say("\n## 检查表\n", "\n## Checklists\n");
        let schema = self.schema;
        for list in &schema.checklists.lists {
            let label = self.pick(&list.zh, &list.en).to_owned();
            let places = schema.lists.get("place");
            let names: Vec<_> = list.places.iter().filter_map(|code| places?.get(code)).collect();
            let names: Vec<_> = names.into_iter().map(|code| self.pick(&code.zh, &code.en)).collect();
            let names = names.join(self.pick("、", ", "));
            let _ = writeln!(self.out, "\n**{label}** `{}` ({names})\n", list.code());
            for item in list.items.iter().filter_map(|code| schema.checklists.item(code)) {
                let mut row = format!("- `{}` {}", item.code, self.pick(&item.zh, &item.en));
                let hazard = item.suggests.as_ref().and_then(|code| schema.lists.get("hazard")?.get(code));
                if let Some(hazard) = hazard {
                    let shown = self.pick(&hazard.zh, &hazard.en);
                    let _ =
                        write!(row, "{}{shown}", self.pick("；不合格提示上报：", "; when it fails offers a report: "));
                }
                self.line(&row);
            }
        }
    }
}

/// A merge rule in words, in Chinese and in English.
pub fn rule_words(rule: Rule, fact: Fact) -> (&'static str, &'static str) {
    match (rule, fact) {
        (Rule::Immutable, _) => ("建档后不变", "fixed after creation"),
        (Rule::Latest, _) => ("以最近看到的为准", "the latest observation"),
        (Rule::KeepBoth, _) => ("都保留，请人确认", "both are kept, a person decides"),
        (Rule::Authority, Fact::Changing) => ("依据更强的优先，同等依据以最近为准", "better evidence, then the later"),
        (Rule::Authority, Fact::Fixed) => (
            "依据更强的优先，同等依据都保留、请人确认",
            "better evidence; of equal evidence both are kept, a person decides",
        ),
        (Rule::Safer, _) => ("从严，有权的人才能调低", "the safer value until a role that may lowers it"),
        (Rule::Sharper, _) => {
            ("定位更准的优先，同样准的都保留、请人确认", "the more accurate; equally accurate ones are both kept")
        }
        (Rule::Set, _) => ("逐项增减，移除记日期", "members join and leave, with dates"),
        (Rule::Log, _) => ("只增不改", "entries are only added"),
        (Rule::Command, _) => ("只由操作改变", "set by commands alone"),
    }
}

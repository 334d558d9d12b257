//! A small reader of Rust text: enough to tell code from comments and literals, and to find functions and modules.

/// A Rust file taken apart. Lines count from 1.
pub struct Rust {
    /// The text with comments and the insides of literals blanked; same lines, same columns.
    pub code: Vec<char>,
    /// String literals with their first lines.
    pub strings: Vec<(usize, String)>,
    /// Spans of lines inside `#[cfg(test)] mod … { … }`.
    tests: Vec<(usize, usize)>,
    /// Spans of lines of inline modules.
    modules: Vec<(usize, usize)>,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub first: usize,
    pub last: usize,
}

impl Rust {
    pub fn read(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut reader = Reader { chars: &chars, at: 0, line: 1, code: Vec::new(), strings: Vec::new() };
        while reader.at < chars.len() {
            reader.step();
        }
        let mut rust = Self { code: reader.code, strings: reader.strings, tests: Vec::new(), modules: Vec::new() };
        rust.find_modules();
        rust
    }

    pub fn in_tests(&self, line: usize) -> bool {
        self.tests.iter().any(|(first, last)| (*first..=*last).contains(&line))
    }
    /// How many inline modules are open on a line.
    pub fn inline_depth(&self, line: usize) -> usize {
        self.modules.iter().filter(|(first, last)| *first < line && line <= *last).count()
    }

    /// Every word of the code with its position and line.
    pub fn words(&self) -> Vec<(usize, usize, String)> {
        let (mut words, mut line, mut at) = (Vec::new(), 1, 0);
        while at < self.code.len() {
            let c = self.code[at];
            if is_word(c) {
                let length = self.code[at..].iter().take_while(|c| is_word(**c)).count();
                words.push((at, line, self.code[at..at + length].iter().collect()));
                at += length;
            } else {
                line += usize::from(c == '\n');
                at += 1;
            }
        }
        words
    }

    /// Whether the code at `at` begins with `text`.
    pub fn starts_with(&self, at: usize, text: &str) -> bool {
        text.chars().enumerate().all(|(offset, c)| self.code.get(at + offset) == Some(&c))
    }

    pub fn functions(&self) -> Vec<Function> {
        let words = self.words();
        let mut functions = Vec::new();
        for pair in words.windows(2) {
            let [(_, first, keyword), (at, _, name)] = pair else { continue };
            if keyword != "fn" || self.code[..*at].iter().rev().find(|c| !c.is_whitespace()) != Some(&'n') {
                continue;
            }
            if let Some(open) = self.body_after(*at)
                && let Some(close) = self.closing(open)
            {
                functions.push(Function { name: name.clone(), first: *first, last: self.line_at(close) });
            }
        }
        functions
    }

    pub fn line_at(&self, at: usize) -> usize {
        1 + self.code[..at].iter().filter(|c| **c == '\n').count()
    }

    /// The `{` of the item that starts at `at`; none where `;` ends it first.
    fn body_after(&self, at: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for (offset, c) in self.code[at..].iter().enumerate() {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                '{' if depth == 0 => return Some(at + offset),
                ';' if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    /// The brace that closes the one at `open`.
    pub fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for (offset, c) in self.code[open..].iter().enumerate() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(open + offset);
            }
        }
        None
    }

    fn find_modules(&mut self) {
        let words = self.words();
        for (index, (at, line, word)) in words.iter().enumerate() {
            let Some((name_at, _, name)) = words.get(index + 1).filter(|_| word == "mod") else { continue };
            let after = name_at + name.len();
            let Some(open) = self.body_after(after).filter(|open| self.is_blank(after, *open)) else { continue };
            let Some(close) = self.closing(open) else { continue };
            let span = (*line, self.line_at(close));
            self.modules.push(span);
            let before: String = self.code[..*at].iter().rev().take(120).filter(|c| !c.is_whitespace()).collect();
            // Read backwards: the attribute stands just before the module, perhaps with `pub` or others between.
            if before.split('}').next().is_some_and(|near| near.contains(")tset(gfc[#")) {
                self.tests.push(span);
            }
        }
    }

    fn is_blank(&self, from: usize, to: usize) -> bool {
        self.code[from..to].iter().all(|c| c.is_whitespace())
    }
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    line: usize,
    code: Vec<char>,
    strings: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn peek(&self, offset: usize) -> char {
        self.chars.get(self.at + offset).copied().unwrap_or('\0')
    }
    /// Takes one character; blanked unless it is code or a line's end.
    fn take(&mut self, is_code: bool) -> char {
        let c = self.peek(0);
        self.line += usize::from(c == '\n');
        self.code.push(if is_code || c == '\n' { c } else { ' ' });
        self.at += 1;
        c
    }
    fn take_many(&mut self, count: usize, is_code: bool) {
        for _ in 0..count {
            self.take(is_code);
        }
    }

    fn step(&mut self) {
        let after_word = self.code.last().is_some_and(|c| is_word(*c));
        match (self.peek(0), self.peek(1)) {
            ('/', '/') => {
                while self.at < self.chars.len() && self.peek(0) != '\n' {
                    self.take(false);
                }
            }
            ('/', '*') => self.block_comment(),
            ('"', _) => self.string(0, false),
            ('r' | 'b' | 'c', _) if !after_word && self.string_prefix().is_some() => {
                let (prefix, hashes, raw) = self.string_prefix().expect("just looked");
                self.take_many(prefix, false);
                self.string(hashes, raw);
            }
            ('\'', '\\') => {
                self.take_many(3, false);
                while self.at < self.chars.len() && self.take(false) != '\'' {}
            }
            ('\'', _) if self.peek(2) == '\'' => self.take_many(3, false),
            _ => {
                self.take(true);
            }
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                ('/', '*') => depth += 1,
                ('*', '/') => depth -= 1,
                _ => {
                    self.take(false);
                    continue;
                }
            }
            self.take_many(2, false);
            if depth == 0 {
                return;
            }
        }
    }

    /// Length of `r##`, `b`, `br#`, `c` … before a quote, its hashes, and whether it is raw.
    fn string_prefix(&self) -> Option<(usize, usize, bool)> {
        let mut length = 0;
        let mut raw = false;
        while matches!(self.peek(length), 'r' | 'b' | 'c') && length < 2 {
            raw |= self.peek(length) == 'r';
            length += 1;
        }
        let mut hashes = 0;
        while raw && self.peek(length) == '#' {
            hashes += 1;
            length += 1;
        }
        (self.peek(length) == '"').then_some((length, hashes, raw))
    }

    fn string(&mut self, hashes: usize, raw: bool) {
        let (line, mut text) = (self.line, String::new());
        self.take(true);
        while self.at < self.chars.len() {
            let ends = self.peek(0) == '"' && (1..=hashes).all(|offset| self.peek(offset) == '#');
            if ends {
                self.take(true);
                self.take_many(hashes, false);
                break;
            }
            if !raw && self.peek(0) == '\\' {
                text.push(self.take(false));
            }
            if self.at < self.chars.len() {
                text.push(self.take(false));
            }
        }
        self.strings.push((line, text));
    }
}

#[test]
fn literals_and_comments_are_no_code() {
    let rust = Rust::read(
        "let a = \"x { \\\" }\"; // { not code\nlet b = r#\"raw \"quote\" {\"#; /* a /* b */ { */\nlet c = '{'; let d = b'\\''; fn e<'a>() {}",
    );
    let code: String = rust.code.iter().collect();
    assert_eq!(code.matches('{').count(), 1, "{code}");
    assert_eq!(rust.strings, [(1, "x { \\\" }".to_owned()), (2, "raw \"quote\" {".to_owned())]);
    assert_eq!(rust.functions(), [Function { name: "e".to_owned(), first: 3, last: 3 }]);
}

#[test]
fn functions_end_where_their_brace_closes() {
    let rust =
        Rust::read("trait T {\n fn a(&self, b: [u8; 4]);\n}\nfn c(f: fn(u8) -> u8) -> u8 {\n if true {\n }\n 1\n}\n");
    assert_eq!(rust.functions(), [Function { name: "c".to_owned(), first: 4, last: 8 }]);
}

#[test]
fn modules_of_tests_are_known() {
    let rust =
        Rust::read("fn a() {}\n#[cfg(test)]\nmod tests {\n use super::*;\n}\nmod plain {\n fn b() {}\n}\nmod c;\n");
    assert!(rust.in_tests(4) && !rust.in_tests(1) && !rust.in_tests(7));
    assert_eq!((rust.inline_depth(4), rust.inline_depth(7), rust.inline_depth(9)), (1, 1, 0));
}

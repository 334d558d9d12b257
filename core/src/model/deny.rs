//! What no field, list, code or imported column may hold (DOMAIN 3.8): the county's grid does not profile people.
//!
//! Headings and labels are checked, never values: 民族路 is an address, 民族 as a heading is a question about a person.

use super::text::half_width;

/// One category of the deny list.
#[derive(Debug)]
pub struct Category {
    /// Its name in reports.
    pub name: &'static str,
    /// Chinese words for a screen.
    pub zh: &'static str,
    /// English words for a screen.
    pub en: &'static str,
    /// Chinese words between spaces; one that occurs anywhere in a text denies it.
    chinese: &'static str,
    /// English words, pinyin and phrases between commas; matched word by word; `*` ends an open stem,
    /// `=` wants no other word beside it, `^` not even a Chinese one.
    english: &'static str,
}

/// Phrases that hold a denied word by accident, or mean a thing rather than a trait of a person. A denied word counts
/// only where it does not lie wholly inside one of them: 统计生成 passes, 统计生育 does not.
const INNOCENT: &str = "民族路 民族街 民族大道 民族巷 民族乡 民族镇 民族村 民族社区 民族中学 民族小学 民族学校 \
    人道教 街道教 报道教 知道教 渠道教 通道教 通信教 微信教 短信教 电信教 微信访 短信访 电信访 \
    通信访 线上访谈 线上访问 线上访客 网上访谈 网上访问 网上访客 晚上访视 线上访视 思维稳 \
    运维稳 纤维稳 平稳控 无邪教 学生育人 师生育人 统计生 设计生 预计生 累计生 合计生 估计生 \
    回族乡 回族镇 回族村 回族街 回族路 回族自治 满族乡 满族镇 满族自治 蒙古族乡 蒙古族自治 苗族乡 苗族自治 \
    土家族乡 土家族自治 彝族乡 彝族自治 壮族乡 壮族自治 藏族乡 藏族自治 瑶族乡 瑶族自治 侗族乡 侗族自治 \
    水族馆 水族箱 水族店 其中共 集中共 空中共 中共享 中共用 中共有 中共同 行政审 财政审 民政审 市政审 邮政审 \
    公告状 报告状 警告状 广告状 通告状 非访客 非访问 非访视 干涉稳 交涉稳 风险管控等级 剧毒品 消毒品 \
    勤劳教 功劳教 劳教育 勤劳改 机器人像 人像摄影";

/// The deny list. Every category of DOMAIN 3.8 stands here once.
pub const CATEGORIES: &[Category] = &[
    Category {
        name: "religion",
        zh: "宗教信仰",
        en: "religion",
        chinese: "宗教 信仰 信教 教徒 佛教 道教 基督 天主教 伊斯兰 做礼拜 教派 信佛 拜佛 念佛 佛像 皈依 受洗 \
            穆斯林 古兰经 圣经 耶稣",
        english: "religion*, religious*, belief*, faith, zongjiao*, xinyang, muslim*, islam*, buddh*, christian*, \
            catholic*, protestant*, taois*, daois*, hindu*, koran*, quran*, bible*, prayer*, worship*, baptis*, \
            church member*",
    },
    Category {
        name: "ethnicity",
        zh: "民族",
        en: "ethnicity",
        chinese: "民族 族别 族裔 种族 族群 汉族 回族 满族 蒙古族 藏族 维吾尔 苗族 彝族 壮族 布依族 朝鲜族 侗族 \
            瑶族 白族 土家族 哈尼族 哈萨克族 傣族 黎族 傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 \
            柯尔克孜 达斡尔 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 \
            乌孜别克 俄罗斯族 鄂温克 德昂族 保安族 裕固族 塔塔尔族 独龙族 鄂伦春 赫哲族 门巴族 珞巴族 基诺族",
        english: "ethnic*, nation, race, minzu*, minority, minorities",
    },
    Category {
        name: "politics",
        zh: "政治面貌、党派、思想",
        en: "political status, party, opinion",
        chinese: "政治 党派 党员 党籍 入党 党支部 党组织 共青团 是否团员 思想 中共 政审",
        english: "politic*, communist*, ideolog*, party member*, party branch*, party affiliation, \
            party status, partymember*, league member*, zhengzhimianmao*, zhengzhi mianmao*, \
            zzmm, dangyuan*, dangpai*, ccp, cpc member*",
    },
    Category {
        name: "petition",
        zh: "信访、维稳",
        en: "petitions and stability control",
        chinese: "信访 上访 缠访 闹访 越级访 进京访 赴京访 非访 告状 维稳 稳控 涉稳",
        english: "petition*, stability control, stability maintenance, xinfang*, shangfang*, ^weiwen, \
            weiwen dengji*, weiwen jibie*, weiwen duixiang*, weiwen renyuan*, weiwen zhuangtai*, weiwendengji*, \
            weiwenjibie*, weiwenduixiang*, weiwenrenyuan*, weiwenzhuangtai*, weiwen level*, weiwen status*",
    },
    Category {
        name: "cult",
        zh: "邪教",
        en: "cults",
        chinese: "邪教 法轮 全能神",
        english: "cult, cults, cult member*, xiejiao*",
    },
    Category {
        name: "watch_list",
        zh: "重点人员、关注程度",
        en: "watch-lists",
        chinese: "重点人 重点对象 重点青少年 特殊人群 特殊人员 关注程度 关注等级 关注级别 关注对象 关注人员 \
            是否关注 重点关注 关注度 重点管控 管控等级 人员管控 人员风险 敏感人员 危险人员 特殊群体 积极分子 黑名单 红黑榜 高危人员 风险人员 帮教 布控 不稳定因素",
        english: "watchlist*, watch list*, blacklist*, black list*, key person, key persons, key personnel, \
            key people, key population*, special population*, special group*, attention degree, \
            attention level, is attention, degree concern, degree of concern, concern degree, \
            concern level, activist*, zdry, zdrk, zhongdianren*",
    },
    Category {
        name: "offence_or_illness",
        zh: "前科、社区矫正、吸毒、艾滋病、肇事肇祸",
        en: "offences, correction, drug use, HIV, violent patients",
        chinese: "前科 刑满 刑释 服刑 社区矫正 社矫 违法犯罪 违法记录 犯罪 案底 吸毒 涉毒 戒毒 毒品 艾滋 肇事肇祸 \
            肇祸 精神病肇事 劳教 劳改",
        english: "criminal*, convict*, prison*, probation*, parole*, community correction*, offender*, \
            drug use*, drug abuse*, drug addict*, drug rehab*, drug taking, illegal drug*, narcotic*, addict*, hiv*, \
            aids patient*, aids status, =aids, has aids, is aids, xidu, qianke*, xidurenyuan*, \
            shequjiaozheng*",
    },
    Category {
        name: "biometric",
        zh: "人脸、指纹、DNA",
        en: "biometrics",
        chinese: "人脸 人像 血样 面部识别 刷脸 指纹 掌纹 虹膜 声纹 基因 生物特征 生物识别",
        english: "biometric*, facial*, face id*, face feature*, face image*, face photo*, face recognition, \
            face vector*, face template*, faceid*, faceprint*, face print*, blood sample*, \
            fingerprint*, finger print*, palmprint*, iris, \
            voiceprint*, dna*, genetic*, genome*, renlian*, zhiwen*",
    },
    Category {
        name: "tracking",
        zh: "轨迹、门禁记录、行踪",
        en: "tracks of people and vehicles",
        chinese: "轨迹 门禁记录 门禁数据 门禁流水 门禁刷卡 门禁日志 出行记录 刷卡记录 通行记录 出入记录 进出记录 行踪 行程码 行程记录 \
            实时位置 实时定位",
        english: "trajector*, whereabouts, person track*, phone track*, gps track*, vehicle track*, \
            location track*, location histor*, movement histor*, movement track*, travel histor*, \
            gate record*, gate log*, door access record*, access card record*, live location*, \
            xingdongguiji*, xingchengguiji*, xingzong*",
    },
    Category {
        name: "score",
        zh: "信用分、诚信积分",
        en: "scores of people",
        chinese: "信用分 信用积分 信用评分 信用评级 信用等级 信用得分 积分 诚信分 诚信评分 诚信得分 诚信档案 道德评分 星级文明户 失信",
        english: "credit score*, credit point*, credit rating*, credit grade*, credit level*, social score*, \
            integrity point*, integrity score*, honesty point*, honesty score*, points rank*, \
            loyalty point*, creditscore*, jifen*, xinyongfen*, chengxinfen*",
    },
    Category {
        name: "reproduction",
        zh: "生育、避孕史",
        en: "births and contraception",
        chinese: "生育 婚育 避孕 节育 绝育 流产 引产 孕史 孕产史 孕次 结扎 计生",
        english: "contracept*, fertility, birth control, birth histor*, birth plan*, family planning, \
            abortion*, miscarriage*, pregnancy histor*, childbearing*, reproductive*, \
            vasectom*, tubal ligation*, \
            shengyuqingkuang*, shengyushi*, biyun*",
    },
];

/// The name of the category that a heading, label or key falls in; `None` if it is free.
pub fn denied(text: &str) -> Option<&'static str> {
    category(text).map(|found| found.name)
}

/// The category that a heading, label or key falls in, with words for a screen.
pub fn category(text: &str) -> Option<&'static Category> {
    let heading = Heading::new(text);
    CATEGORIES.iter().find(|category| heading.names(category.chinese, category.english, INNOCENT))
}

/// A heading, label or key, taken apart.
pub(super) struct Heading {
    chinese: String,
    words: Vec<String>,
}

impl Heading {
    pub(super) fn new(text: &str) -> Self {
        Self { chinese: chinese_of(text), words: words_of(text) }
    }
    /// Whether it holds one of the Chinese words, written as those of [`Category`] are and not inside an innocent phrase,
    /// or one of the English phrases.
    pub(super) fn names(&self, chinese: &str, english: &str, innocent: &str) -> bool {
        let named = |word: &str| self.chinese.contains(word) && !is_innocent(&self.chinese, word, innocent);
        (!self.chinese.is_empty() && chinese.split(' ').any(named))
            || (!self.words.is_empty() && english.split(", ").any(|phrase| self.holds(phrase)))
    }
    fn holds(&self, phrase: &str) -> bool {
        if let Some(alone) = phrase.strip_prefix('^') {
            return self.chinese.is_empty() && self.words == [alone];
        }
        if let Some(alone) = phrase.strip_prefix('=') {
            return self.words == [alone];
        }
        let fits = |word: &String, part: &str| match part.strip_suffix('*') {
            Some(stem) => word.starts_with(stem),
            None => word == part,
        };
        let starts = |from: usize| {
            let mut rest = self.words[from..].iter();
            phrase.split(' ').all(|part| rest.next().is_some_and(|word| fits(word, part)))
        };
        (0..self.words.len()).any(starts)
    }
}

/// Whether a word lies inside an innocent phrase wherever it stands.
fn is_innocent(text: &str, word: &str, innocent: &str) -> bool {
    let innocent: Vec<_> = innocent.split(' ').flat_map(|phrase| spans(text, phrase)).collect();
    spans(text, word).all(|(from, to)| innocent.iter().any(|(a, b)| *a <= from && to <= *b))
}

/// Where a word stands in a text, from and to in bytes.
fn spans<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    text.match_indices(word).map(move |(at, _)| (at, at + word.len()))
}

/// The Chinese characters of a text without anything between them (`民 族`, `政治-面貌`).
fn chinese_of(text: &str) -> String {
    let ideograph =
        |c: &char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    text.chars().filter(ideograph).collect()
}

/// The Latin words of a text in lower case: `partyMember`, `party_member` and `Ｐarty Member` are all two words.
fn words_of(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in half_width(text).chars() {
        let hump = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (hump || !c.is_ascii_alphabetic()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_ascii_alphabetic()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_is_refused_however_it_is_written() {
        for (name, texts) in [
            (
                "religion",
                &["宗教信仰", "信仰", "是否信教", "宗 教", "街道教徒数", "religious_belief", "Religion", "zongjiao"][..],
            ),
            ("ethnicity", &["民族", " 民　族 ", "民族*", "少数民族", "Ethnicity", "nation", "minzu", "ＮＡＴＩＯＮ"]),
            (
                "politics",
                &["政治面貌", "政治-面貌", "党派", "是否党员", "思想状况", "political_outlook", "partyMember", "ZZMM"],
            ),
            (
                "petition",
                &["信访情况", "上访次数", "上访问题", "线上访问上访户", "维稳等级", "稳控责任人", "petition_count"],
            ),
            ("cult", &["邪教人员", "cult"]),
            (
                "watch_list",
                &[
                    "重点人员类别",
                    "重点人口",
                    "关注程度",
                    "入村积极分子",
                    "is_attention",
                    "degree_concern",
                    "watch-list",
                ],
            ),
            (
                "offence_or_illness",
                &[
                    "有无前科",
                    "刑满释放",
                    "社区矫正",
                    "吸毒史",
                    "艾滋病",
                    "肇事肇祸",
                    "criminal_record",
                    "HIV",
                    "drugUse",
                ],
            ),
            ("biometric", &["人脸照片", "指纹", "DNA", "采血DNA编号", "faceId", "fingerprint", "dna_sample"]),
            ("tracking", &["车辆轨迹", "门禁记录", "行踪", "行动轨迹", "gps_track", "whereabouts"]),
            ("score", &["信用分", "诚信积分", "积分排名", "credit_score", "social score"]),
            (
                "reproduction",
                &["统计生育情况", "学生育龄", "生育情况", "避孕史", "避孕措施", "计生信息", "birth control"],
            ),
        ] {
            for text in texts {
                assert_eq!(denied(text), Some(name), "{text}");
            }
        }
    }

    #[test]
    fn every_word_of_the_table_is_refused_by_itself() {
        for category in CATEGORIES {
            for word in category.chinese.split(' ') {
                assert_eq!(denied(word), Some(category.name), "{word}");
            }
            for phrase in category.english.split(", ") {
                assert_eq!(denied(&phrase.replace(['*', '=', '^'], "")), Some(category.name), "{phrase}");
            }
        }
    }

    #[test]
    fn words_that_go_around_the_list_are_refused() {
        for (name, texts) in [
            ("religion", &["是否信佛", "家中佛像", "is_muslim", "Buddhist", "koran_class"][..]),
            ("ethnicity", &["回族", "是否回族", "维吾尔族", "族群", "minzu_dm"]),
            ("politics", &["中共成员", "是否中共", "政审结果", "zhengzhi_mianmao", "zhengzhiMianmao", "CCP member"]),
            (
                "petition",
                &[
                    "进京访",
                    "非访次数",
                    "赴京访",
                    "告状次数",
                    "涉稳情况",
                    "xinfang_cishu",
                    "shangfangrenyuan",
                    "weiwen",
                    "weiwen_dengji",
                ],
            ),
            (
                "watch_list",
                &[
                    "重点关注",
                    "关注度",
                    "重点管控",
                    "管控等级",
                    "人员风险管控等级",
                    "敏感人员",
                    "危险人员",
                    "特殊群体",
                    "特殊人群",
                ],
            ),
            ("offence_or_illness", &["精神病肇事", "毒品史", "劳教经历"]),
            ("biometric", &["人像", "血样编号", "faceprint", "face_print"]),
            ("tracking", &["门禁数据", "门禁流水", "出行记录"]),
            ("score", &["信用得分", "诚信评分", "诚信档案"]),
            ("reproduction", &["孕次", "是否结扎"]),
        ] {
            for text in texts {
                assert_eq!(denied(text), Some(name), "{text}");
            }
        }
    }

    #[test]
    fn innocent_words_pass() {
        for text in [
            "民族路网格",
            "违法建设",
            "慢性病",
            "礼拜几方便",
            "文明分类投放",
            "慰问 weiwen",
            "整治 zhengzhi",
            "keyPersonalFields",
            "tracking_no",
            "民族中学联系人",
            "校园周边",
            "食品药品",
            "food and medicine",
            "统一社会信用代码",
            "unified social credit code",
            "街道教育科",
            "通信教程",
            "微信访客数",
            "线上访谈记录",
            "无邪教育活动",
            "统计生成时间",
            "设计生产单位",
            "学生育人计划",
            "设备运维稳定性",
            "门禁",
            "门禁设备数量",
            "孕产妇",
            "expecting or new mother",
            "残疾人",
            "失能老人",
            "重点场所",
            "重点(30天一访)",
            "与户主关系",
            "surface",
            "nationality",
            "third party",
            "parties",
            "key",
            "visits",
            "visit_kind",
            "terrace",
            "cultivation",
            "hearing aids",
            "irrigation",
            "national road",
            "人员",
            "姓名",
            "",
        ] {
            assert_eq!(denied(text), None, "{text}");
        }
    }

    #[test]
    fn innocent_words_that_hold_a_denied_one_by_accident_pass() {
        for text in [
            "门禁故障报修",
            "门禁设备维修",
            "孕产妇人数",
            "其中共有产权",
            "集中共享停车",
            "行政审批事项",
            "公告状态",
            "报告状态",
            "警告状况",
            "非访客车位",
            "安全风险管控等级",
            "剧毒品存放",
            "消毒品",
            "劳教育基地",
            "勤劳教育",
            "机器人像素",
            "水族馆",
            "某某回族自治县",
            "回族街",
            "信道",
            "精神状况",
            "Christmas lights",
            "church building",
            "zhengzhi_shuiku",
        ] {
            assert_eq!(denied(text), None, "{text}");
        }
    }
}

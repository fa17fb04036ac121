//! The languages that the highlighter knows: comments, strings and keywords of each.

use super::grammar::{
    Grammar, Language, PLAIN, Region, WordGrammar, attribute, block_comment, line_comment, multiline_string, string,
};

const SLASHES: Region = line_comment("//");
const STARS: Region = block_comment("/*", "*/");
const HASH: Region = line_comment("#");
const DASHES: Region = line_comment("--");
const DOUBLE: Region = string("\"");
const SINGLE: Region = string("'");

const VARIABLES: &[(char, &str)] = &[('$', "hl-variable")];
const ATTRIBUTES: &[(char, &str)] = &[('@', "hl-entity")];
const DIRECTIVES: &[(char, &str)] = &[('#', "hl-keyword")];

const C_LIKE: WordGrammar = WordGrammar {
    regions: &[SLASHES, STARS, DOUBLE, SINGLE],
    constants: "true false null",
    types: true,
    sigils: ATTRIBUTES,
    ..PLAIN
};
const SCRIPT: WordGrammar = WordGrammar { regions: &[HASH, DOUBLE, SINGLE], constants: "true false", ..PLAIN };

const fn words(class: &'static str, aliases: &'static [&'static str], grammar: WordGrammar) -> Language {
    Language { class, aliases, grammar: Grammar::Words(grammar) }
}

// One field per line would double the table.
#[rustfmt::skip]
pub(super) const LANGUAGES: &[Language] = &[
    words("language-bash", &["sh", "shell", "zsh", "fish", "console", "shellsession"], WordGrammar {
        keywords: "if then else elif fi for while until do done case esac in function select time return exit break \
            continue export local readonly declare set unset source alias trap eval exec shift cd echo printf read \
            test sudo",
        sigils: VARIABLES, hyphens: true, ..SCRIPT
    }),
    words("language-c", &["h"], WordGrammar {
        regions: &[SLASHES, STARS, DOUBLE, SINGLE],
        keywords: "auto bool break case char const continue default do double else enum extern float for goto if \
            inline int long register restrict return short signed sizeof static struct switch typedef union \
            unsigned void volatile while",
        constants: "NULL true false", sigils: DIRECTIVES, ..C_LIKE
    }),
    words("language-clojure", &["clj", "cljs", "edn"], WordGrammar {
        regions: &[line_comment(";"), multiline_string("\"", "\"", true)],
        keywords: "def defn defn- defmacro defmulti defmethod defprotocol defrecord fn let if if-let when when-let \
            cond case do loop recur for doseq ns require import try catch throw",
        constants: "true false nil", hyphens: true, ..PLAIN
    }),
    words("language-cpp", &["c++", "cc", "cxx", "hpp"], WordGrammar {
        regions: &[SLASHES, STARS, DOUBLE, SINGLE],
        keywords: "alignas alignof and auto bool break case catch char class concept const consteval constexpr \
            const_cast continue co_await co_return co_yield decltype default delete do double dynamic_cast else \
            enum explicit export extern final float for friend goto if inline int long mutable namespace new \
            noexcept not operator or override private protected public reinterpret_cast requires return short \
            signed sizeof static static_assert static_cast struct switch template this throw try typedef typeid \
            typename union unsigned using virtual void volatile while",
        constants: "NULL nullptr true false", sigils: DIRECTIVES, ..C_LIKE
    }),
    words("language-csharp", &["c#", "cs"], WordGrammar {
        keywords: "abstract as async await base bool break byte case catch char checked class const continue \
            decimal default delegate do double else enum event explicit extern finally fixed float for foreach get \
            goto if implicit in init int interface internal is lock long namespace new object operator out override \
            params private protected public readonly record ref return sbyte sealed set short sizeof static string \
            struct switch this throw try typeof uint ulong unchecked unsafe ushort using var virtual void volatile \
            when where while yield",
        sigils: &[], ..C_LIKE
    }),
    words("language-css", &["scss", "less"], WordGrammar {
        regions: &[STARS, SLASHES, DOUBLE, SINGLE],
        sigils: &[('@', "hl-keyword"), ('$', "hl-variable"), ('#', "hl-constant")], hyphens: true, key: Some(':'), ..PLAIN
    }),
    words("language-dart", &[], WordGrammar {
        keywords: "abstract as assert async await break case catch class const continue covariant default do else \
            enum extends extension external factory final finally for get if implements import in interface is late \
            library mixin new on operator part required rethrow return sealed set static super switch this throw \
            try typedef var void while with yield int double bool num dynamic",
        sigils: VARIABLES, ..C_LIKE
    }),
    Language { class: "language-diff", aliases: &["patch"], grammar: Grammar::Diff },
    words("language-dockerfile", &["docker", "containerfile"], WordGrammar {
        keywords: "FROM AS RUN CMD LABEL EXPOSE ENV ADD COPY ENTRYPOINT VOLUME USER WORKDIR ARG ONBUILD STOPSIGNAL \
            HEALTHCHECK SHELL",
        sigils: VARIABLES, hyphens: true, ..SCRIPT
    }),
    words("language-elixir", &["ex", "exs"], WordGrammar {
        regions: &[HASH, multiline_string("\"\"\"", "\"\"\"", true), multiline_string("\"", "\"", true), SINGLE],
        keywords: "after alias and case catch cond def defimpl defmacro defmodule defp defprotocol defstruct do \
            else end fn for if import in not or quote raise receive require rescue try unless unquote use when with",
        constants: "true false nil", types: true, sigils: ATTRIBUTES, ..PLAIN
    }),
    words("language-erlang", &["erl"], WordGrammar {
        regions: &[line_comment("%"), DOUBLE, SINGLE],
        keywords: "after and andalso begin case catch end fun if not of or orelse receive try when xor",
        constants: "true false undefined ok error", types: true, ..PLAIN
    }),
    words("language-go", &["golang"], WordGrammar {
        regions: &[SLASHES, STARS, DOUBLE, SINGLE, multiline_string("`", "`", false)],
        keywords: "any bool break byte case chan complex128 const continue default defer else error fallthrough \
            float32 float64 for func go goto if import int int8 int16 int32 int64 interface map package range \
            return rune select string struct switch type uint uint8 uint16 uint32 uint64 uintptr var",
        constants: "true false nil iota", sigils: &[], ..C_LIKE
    }),
    words("language-haskell", &["hs"], WordGrammar {
        regions: &[block_comment("{-", "-}"), DASHES, DOUBLE],
        keywords: "as case class data default deriving do else family forall foreign hiding if import in infix \
            infixl infixr instance let module newtype of qualified then type where",
        types: true, ..PLAIN
    }),
    Language { class: "language-html", aliases: &["htm", "xhtml", "vue", "svelte"], grammar: Grammar::Markup },
    words("language-ini", &["properties", "conf", "env", "editorconfig"], WordGrammar {
        regions: &[HASH, line_comment(";"), DOUBLE, attribute("[", "]")],
        constants: "true false", hyphens: true, key: Some('='), ..PLAIN
    }),
    words("language-java", &[], WordGrammar {
        regions: &[SLASHES, STARS, multiline_string("\"\"\"", "\"\"\"", true), DOUBLE, SINGLE],
        keywords: "abstract assert boolean break byte case catch char class const continue default do double else \
            enum extends final finally float for goto if implements import instanceof int interface long native new \
            non-sealed package permits private protected public record return sealed short static strictfp super \
            switch synchronized this throw throws transient try var void volatile while yield",
        ..C_LIKE
    }),
    words("language-javascript", &["js", "jsx", "mjs", "cjs"], JAVASCRIPT),
    words("language-json", &["jsonc", "json5"], WordGrammar { sigils: &[], types: false, key: Some(':'), ..C_LIKE }),
    words("language-kotlin", &["kt", "kts"], WordGrammar {
        regions: &[SLASHES, STARS, multiline_string("\"\"\"", "\"\"\"", false), DOUBLE, SINGLE],
        keywords: "abstract actual annotation as break by catch class companion const constructor continue \
            crossinline data do else enum expect external final finally for fun get if import in infix init inline \
            inner interface internal is lateinit noinline object open operator out override package private \
            protected public reified return sealed set super suspend tailrec this throw try typealias val var \
            vararg when where while",
        ..C_LIKE
    }),
    words("language-latex", &["tex"], WordGrammar {
        regions: &[line_comment("%"), Region { class: "hl-string", ..attribute("$", "$") }],
        sigils: &[('\\', "hl-keyword")], ..PLAIN
    }),
    words("language-lisp", &["elisp", "scheme", "racket"], WordGrammar {
        regions: &[block_comment("#|", "|#"), line_comment(";"), multiline_string("\"", "\"", true)],
        keywords: "defun defmacro defvar defparameter defconst define lambda let let* letrec if cond case when \
            unless progn begin setq set! loop do dolist dotimes quote and or not",
        constants: "t nil", hyphens: true, ..PLAIN
    }),
    words("language-lua", &[], WordGrammar {
        regions: &[block_comment("--[[", "]]"), DASHES, multiline_string("[[", "]]", false), DOUBLE, SINGLE],
        keywords: "and break do else elseif end for function goto if in local not or repeat return then until while",
        constants: "true false nil self", ..PLAIN
    }),
    words("language-makefile", &["make", "mk"], WordGrammar {
        keywords: "ifeq ifneq ifdef ifndef else endif include define endef export override",
        sigils: VARIABLES, hyphens: true, key: Some(':'), ..SCRIPT
    }),
    words("language-nix", &[], WordGrammar {
        regions: &[HASH, STARS, multiline_string("''", "''", false), multiline_string("\"", "\"", true)],
        keywords: "let in with rec inherit if then else assert or import",
        constants: "true false null", hyphens: true, key: Some('='), ..PLAIN
    }),
    words("language-objc", &["objective-c", "objectivec"], WordGrammar {
        keywords: "auto break case char const continue default do double else enum extern float for goto id if in \
            inline instancetype int long nonatomic register return self short signed sizeof static strong struct \
            super switch typedef union unsigned void volatile weak while",
        constants: "YES NO nil NULL true false", ..C_LIKE
    }),
    words("language-ocaml", &["ml", "fsharp", "f#", "fs"], WordGrammar {
        regions: &[block_comment("(*", "*)"), multiline_string("\"", "\"", true)],
        keywords: "and as assert begin class constraint do done downto else end exception external for fun function \
            functor if in include inherit initializer lazy let match method module mutable new object of open or \
            private rec sig struct then to try type val virtual when while with",
        constants: "true false", types: true, ..PLAIN
    }),
    words("language-perl", &["pl"], WordGrammar {
        keywords: "and cmp die do else elsif eq foreach for ge given gt if last le local lt my ne next no not or \
            our package print redo require return sub unless until use when while x xor",
        sigils: VARIABLES, ..SCRIPT
    }),
    words("language-php", &[], WordGrammar {
        regions: &[SLASHES, STARS, attribute("#[", "]"), HASH, DOUBLE, SINGLE, Region { class: "hl-entity", ..attribute("<?", "php") }],
        keywords: "abstract and array as break callable case catch class clone const continue declare default do \
            echo else elseif empty enum extends final finally fn for foreach function global goto if implements \
            include include_once instanceof insteadof interface isset list match namespace new or print private \
            protected public readonly require require_once return static switch throw trait try unset use var while \
            yield int string bool float void mixed",
        sigils: VARIABLES, ..C_LIKE
    }),
    words("language-powershell", &["ps1", "pwsh"], WordGrammar {
        regions: &[block_comment("<#", "#>"), HASH, Region { escapes: false, ..DOUBLE }, Region { escapes: false, ..SINGLE }],
        keywords: "begin break catch class continue data do dynamicparam else elseif end exit filter finally for \
            foreach from function if in param process return switch throw trap try until using while",
        sigils: VARIABLES, hyphens: true, any_case: true, ..PLAIN
    }),
    words("language-python", &["py", "python3", "pyi"], WordGrammar {
        regions: &[HASH, multiline_string("\"\"\"", "\"\"\"", true), multiline_string("'''", "'''", true), DOUBLE, SINGLE],
        keywords: "and as assert async await break case class continue def del elif else except finally for from \
            global if import in is lambda match nonlocal not or pass raise return try type while with yield",
        constants: "True False None self cls", types: true, sigils: ATTRIBUTES, ..PLAIN
    }),
    words("language-r", &[], WordGrammar {
        keywords: "if else repeat while function for in next break library require return",
        constants: "TRUE FALSE NULL NA NaN Inf", ..SCRIPT
    }),
    words("language-ruby", &["rb"], WordGrammar {
        keywords: "alias and begin break case class def defined? do else elsif end ensure extend for if in include \
            module next not or private protected public raise redo require require_relative rescue retry return \
            super then undef unless until when while yield attr_reader attr_writer attr_accessor",
        constants: "true false nil self", types: true, sigils: ATTRIBUTES, ..SCRIPT
    }),
    words("language-rust", &["rs"], WordGrammar {
        regions: &[SLASHES, STARS, attribute("#[", "]"), attribute("#![", "]"), multiline_string("r#\"", "\"#", false), multiline_string("\"", "\"", true)],
        keywords: "as async await break const continue crate dyn else enum extern fn for if impl in let loop match \
            mod move mut pub ref return static struct super trait type union unsafe use where while yield bool char \
            f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize",
        constants: "true false self Self None Some Ok Err", sigils: &[], lifetimes: true, ..C_LIKE
    }),
    words("language-scala", &["sbt"], WordGrammar {
        regions: &[SLASHES, STARS, multiline_string("\"\"\"", "\"\"\"", false), DOUBLE, SINGLE],
        keywords: "abstract case catch class def do else enum export extends extension final finally for given if \
            implicit import lazy match new object override package private protected return sealed super then this \
            throw trait try type using val var while with yield",
        ..C_LIKE
    }),
    words("language-sql", &["mysql", "postgres", "postgresql", "sqlite"], WordGrammar {
        regions: &[DASHES, STARS, Region { escapes: false, ..SINGLE }, Region { escapes: false, ..DOUBLE }],
        keywords: "add all alter and any as asc begin between by case cast check column commit constraint create \
            cross database default delete desc distinct drop else end exists explain foreign from full grant group \
            having if in index inner insert into is join key left like limit natural not offset on or order outer \
            over partition primary references returning right rollback select set table then to transaction trigger \
            union unique update using values view when where with int integer bigint text varchar boolean timestamp \
            date numeric blob",
        constants: "true false null", any_case: true, ..PLAIN
    }),
    words("language-swift", &[], WordGrammar {
        regions: &[SLASHES, STARS, multiline_string("\"\"\"", "\"\"\"", true), DOUBLE],
        keywords: "actor as associatedtype async await break case catch class continue default defer deinit do else \
            enum extension fallthrough fileprivate final for func get guard if import in init inout internal is \
            lazy let mutating open operator override private protocol public repeat rethrows return self set some \
            static struct subscript super switch throw throws try typealias unowned var weak where while",
        constants: "true false nil", ..C_LIKE
    }),
    words("language-toml", &[], WordGrammar {
        regions: &[HASH, multiline_string("\"\"\"", "\"\"\"", true), multiline_string("'''", "'''", false), DOUBLE, Region { escapes: false, ..SINGLE }],
        constants: "true false", hyphens: true, key: Some('='), ..PLAIN
    }),
    words("language-typescript", &["ts", "tsx", "mts"], JAVASCRIPT),
    Language { class: "language-xml", aliases: &["svg", "rss", "plist"], grammar: Grammar::Markup },
    words(
        "language-yaml",
        &["yml"],
        WordGrammar { constants: "true false null yes no", hyphens: true, key: Some(':'), ..SCRIPT },
    ),
    words("language-zig", &[], WordGrammar {
        keywords: "align allowzero and anyframe anytype asm async await break callconv catch comptime const \
            continue defer else enum errdefer error export extern fn for if inline noalias nosuspend opaque or \
            orelse packed pub resume return struct suspend switch test threadlocal try union unreachable \
            usingnamespace var volatile while bool void usize u8 u16 u32 u64 i8 i16 i32 i64 f32 f64",
        constants: "true false null undefined", ..C_LIKE
    }),
];

const JAVASCRIPT: WordGrammar = WordGrammar {
    regions: &[SLASHES, STARS, DOUBLE, SINGLE, multiline_string("`", "`", true)],
    keywords: "abstract any as async await boolean break case catch class const continue debugger declare default delete do else enum export extends finally for from function get if implements import in infer instanceof interface is keyof let namespace never new number object of private protected public readonly return satisfies set static string super switch symbol this throw try type typeof unknown var void while with yield",
    constants: "true false null undefined NaN Infinity",
    ..C_LIKE
};

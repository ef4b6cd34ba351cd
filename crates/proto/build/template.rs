//! Compiles the templates of instance names into Rust.
//!
//! Templates are published to clients in Go's `text/template` syntax. Here they are compiled once, at build time, into
//! plain pushes to a string: no template engine at run time, and a template that does not fit its message does not
//! build. Understood is what models use: fields, `if`/`else`, `with ipnet`, `printf` with `%s` and `%d`, `ip`,
//! `protoip`, `and`, `or`, `not`, `eq`, `ne`.

use std::fmt::Write as _;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::rust_names;

/// The body of `instance_name`: statements that push to a string called `name`.
pub(crate) fn compile(template: &str, message: &MessageDescriptor) -> Result<String, String> {
    let mut parser = Parser { rest: template, message };
    let mut code = String::new();
    match parser.block(&mut code, Dot::Message)? {
        Stop::Text => Ok(code),
        Stop::Else | Stop::End => Err("{{else}} or {{end}} without a beginning".to_owned()),
    }
}

/// What `.` stands for.
#[derive(Clone, Copy)]
enum Dot {
    Message,
    /// The result of `ipnet`, in a variable called `net`.
    Network,
}

/// What ended a block.
#[derive(PartialEq)]
enum Stop {
    Text,
    Else,
    End,
}

struct Parser<'t> {
    rest: &'t str,
    message: &'t MessageDescriptor,
}

impl<'t> Parser<'t> {
    fn block(&mut self, code: &mut String, dot: Dot) -> Result<Stop, String> {
        loop {
            let Some((text, rest)) = self.rest.split_once("{{") else {
                push_text(code, self.rest);
                self.rest = "";
                return Ok(Stop::Text);
            };
            push_text(code, text);
            let (action, rest) = rest.split_once("}}").ok_or("{{ without }}")?;
            self.rest = rest;
            let words = split_words(action)?;
            match words.split_first() {
                Some((&"else", [])) => return Ok(Stop::Else),
                Some((&"end", [])) => return Ok(Stop::End),
                Some((&"if", condition)) => self.branch(code, dot, condition)?,
                Some((&"with", pipeline)) => self.with(code, pipeline)?,
                Some(_) => self.print(code, dot, &words)?,
                None => return Err("empty {{}}".to_owned()),
            }
        }
    }

    /// `{{if …}} … {{else}} … {{end}}`
    fn branch(&mut self, code: &mut String, dot: Dot, condition: &[&str]) -> Result<(), String> {
        let condition = self.condition(dot, condition)?;
        let _ = writeln!(code, "if {condition} {{");
        if self.block(code, dot)? == Stop::Else {
            code.push_str("} else {\n");
            self.block(code, dot)?;
        }
        code.push_str("}\n");
        Ok(())
    }

    /// `{{with ipnet .Field}} … {{else}} … {{end}}`
    fn with(&mut self, code: &mut String, pipeline: &[&str]) -> Result<(), String> {
        let ["ipnet", field] = pipeline else {
            return Err(format!("`with` understands only `ipnet .Field`, not {pipeline:?}"));
        };
        let field = self.string_field(field)?;
        let _ =
            writeln!(code, "match ::ligato_model::name::ipnet(&self.{field}) {{\nSome(net) => {{");
        let end = self.block(code, Dot::Network)?;
        code.push_str("}\nNone => {\n");
        if end == Stop::Else {
            self.block(code, Dot::Message)?;
        }
        code.push_str("}\n}\n");
        Ok(())
    }

    /// `{{.Field}}` or `{{function …}}`
    fn print(&self, code: &mut String, dot: Dot, words: &[&str]) -> Result<(), String> {
        match words {
            [field] if field.starts_with('.') => self.push_field(code, dot, field),
            ["printf", format, arguments @ ..] => self.printf(code, dot, format, arguments),
            [function @ ("ip" | "protoip"), field] => {
                let field = self.string_field(field)?;
                let reference = if *function == "ip" { "&" } else { "" };
                let _ = writeln!(
                    code,
                    "name += {reference}::ligato_model::name::{function}(&self.{field});"
                );
                Ok(())
            }
            other => Err(format!("cannot compile {other:?}")),
        }
    }

    fn printf(
        &self,
        code: &mut String,
        dot: Dot,
        format: &str,
        arguments: &[&str],
    ) -> Result<(), String> {
        let format = format.trim_matches('"');
        let mut arguments = arguments.iter();
        let mut rest = format;
        while let Some(percent) = rest.find('%') {
            push_text(code, &rest[..percent]);
            match rest.get(percent..percent + 2) {
                Some("%s" | "%d") => {
                    let argument = arguments.next().ok_or("printf: too few arguments")?;
                    self.push_field(code, dot, argument)?;
                }
                other => return Err(format!("printf: cannot compile {other:?}")),
            }
            rest = &rest[percent + 2..];
        }
        push_text(code, rest);
        if arguments.next().is_some() {
            Err("printf: too many arguments".to_owned())
        } else {
            Ok(())
        }
    }

    fn push_field(&self, code: &mut String, dot: Dot, word: &str) -> Result<(), String> {
        let push = match (dot, word) {
            (Dot::Network, ".IP") => "name += &net.ip;".to_owned(),
            (Dot::Network, ".MaskSize") => "name += &net.mask_size.to_string();".to_owned(),
            _ => {
                let descriptor = self.field(word)?;
                let field = rust_names::field(&descriptor);
                match descriptor.kind() {
                    Kind::String => format!("name += &self.{field};"),
                    Kind::Enum(kind) => format!(
                        "match {}::try_from(self.{field}) {{\n\
                         Ok(value) => name += value.as_str_name(),\n\
                         Err(_) => name += &self.{field}.to_string(),\n}}",
                        rust_names::enumeration(&kind)
                    ),
                    Kind::Message(_) | Kind::Bytes => {
                        return Err(format!("{word} cannot be printed"));
                    }
                    _ => format!("name += &self.{field}.to_string();"),
                }
            }
        };
        code.push_str(&push);
        code.push('\n');
        Ok(())
    }

    fn condition(&self, dot: Dot, words: &[&str]) -> Result<String, String> {
        match words {
            [word] if word.starts_with('(') => {
                self.condition(dot, &split_words(word.trim_matches(['(', ')']))?)
            }
            [word] => {
                if matches!(dot, Dot::Network) {
                    return Err(format!("a condition on {word} inside of `with`"));
                }
                let descriptor = self.field(word)?;
                let field = rust_names::field(&descriptor);
                Ok(match descriptor.kind() {
                    Kind::Bool => format!("self.{field}"),
                    Kind::String => format!("!self.{field}.is_empty()"),
                    Kind::Message(_) | Kind::Bytes => {
                        return Err(format!("{word} is no condition"));
                    }
                    _ => format!("self.{field} != 0"),
                })
            }
            [function @ ("and" | "or"), parts @ ..] => {
                let parts: Result<Vec<_>, _> =
                    parts.iter().map(|part| self.condition(dot, &[*part])).collect();
                Ok(parts?.join(if *function == "and" { " && " } else { " || " }))
            }
            ["not", part] => Ok(format!("!({})", self.condition(dot, &[*part])?)),
            [function @ ("eq" | "ne"), left, right] => {
                let left = rust_names::field(&self.field(left)?);
                let right = rust_names::field(&self.field(right)?);
                let operator = if *function == "eq" { "==" } else { "!=" };
                Ok(format!("self.{left} {operator} self.{right}"))
            }
            other => Err(format!("cannot compile the condition {other:?}")),
        }
    }

    fn string_field(&self, word: &str) -> Result<String, String> {
        let descriptor = self.field(word)?;
        match descriptor.kind() {
            Kind::String => Ok(rust_names::field(&descriptor)),
            _ => Err(format!("{word} is no string")),
        }
    }

    /// Finds the field by the name it has in Go: `.DstNetwork` is `dst_network`.
    fn field(&self, word: &str) -> Result<FieldDescriptor, String> {
        let wanted = word.strip_prefix('.').ok_or_else(|| format!("{word} is no field"))?;
        self.message
            .fields()
            .find(|field| go_name(field.name()) == wanted && !field.is_list())
            .ok_or_else(|| format!("{} has no single field {wanted}", self.message.full_name()))
    }
}

fn push_text(code: &mut String, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(code, "name += {text:?};");
    }
}

/// Splits at spaces, keeping quoted and parenthesised parts whole.
fn split_words(action: &str) -> Result<Vec<&str>, String> {
    let mut words = Vec::new();
    let mut rest = action.trim();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => rest[1..].find('"').map(|at| at + 2).ok_or("a quote is not closed")?,
            '(' => rest.find(')').map(|at| at + 1).ok_or("a parenthesis is not closed")?,
            _ => rest.find(' ').unwrap_or(rest.len()),
        };
        let (word, tail) = rest.split_at(end);
        words.push(word);
        rest = tail.trim_start();
    }
    Ok(words)
}

fn go_name(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut letters = part.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters)
                .collect::<String>()
        })
        .collect()
}

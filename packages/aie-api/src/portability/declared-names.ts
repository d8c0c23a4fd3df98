import { type CppToken, closingAngle, closingIndex, cppTokens } from "./cpp-tokens.ts";

/** A name that a header declares for its users. */
export interface DeclaredName {
  /** Qualified: `aie::load_v`, `aie::rounding_mode::floor`, `bfloat16`; a member has a dot: `aie::vector.extract`. */
  readonly name: string;
  readonly kind: "function" | "type" | "value" | "macro";
  /** Fewest and most arguments of a call, over all overloads; of functions only. */
  readonly args?: readonly [number, number];
  readonly line: number;
}

/** More arguments than any declaration has. */
const anyCount = 99;

interface Scope {
  readonly kind: "namespace" | "class" | "transparent";
  readonly path: string;
  isPublic: boolean;
}

/**
 * Public names of a header: functions, types, values and enumerators at namespace scope, public members of classes.
 * Bodies are not entered. It reads declarations as they are written in aie_api, not every form that C++ has. Conditional
 * parts are all read, as if each condition held.
 */
export function declaredNames(text: string): readonly DeclaredName[] {
  const tokens = cppTokens(expandNamespaceMacros(text));
  const found: DeclaredName[] = [];
  const scopes: Scope[] = [{ kind: "namespace", path: "", isPublic: true }];
  let start = 0;
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text: word, line } = tokens[i] as CppToken;
    const scope = scopes.at(-1) as Scope;
    if (kind === "directive") {
      const macro = /^define\s+([A-Za-z_]\w*)/.exec(word)?.[1];
      if (macro !== undefined) found.push({ name: macro, kind: "macro", line });
      start = i + 1;
    } else if (word === "(" || word === "[") {
      i = closingIndex(tokens, i);
    } else if (word === ";") {
      found.push(...declared(tokens.slice(start, i), scope));
      start = i + 1;
    } else if (word === "}") {
      if (scopes.length > 1) scopes.pop();
      // `} name;` after a class is a declaration of its own; nothing in aie_api has one.
      start = i + 1;
    } else if (word === ":" && scope.kind === "class" && isAccess(tokens, start, i)) {
      scope.isPublic = tokens[start]?.text === "public";
      start = i + 1;
    } else if (word === "{") {
      const head = tokens.slice(start, i);
      const opened = openedScope(head, scope);
      if (opened === undefined) {
        const end = closingIndex(tokens, i);
        found.push(...(isEnum(head) ? enumerators(head, tokens.slice(i + 1, end), scope) : declared(head, scope)));
        i = end;
        // A body ends a function; `= {...}` and an initialiser list go on to their `;`.
        if (isFunctionHead(head) || isEnum(head) || isConcept(head)) start = i + 1;
      } else {
        if (opened.kind === "class" && scope.isPublic) found.push({ name: opened.path, kind: "type", line });
        scopes.push(opened);
        start = i + 1;
      }
    }
  }
  return found.filter(({ name }) => !/(^|::|\.)(detail|impl|internal)(::|\.|$)/.test(name));
}

/** Macros that declare functions: `NAME(args)` at namespace scope is replaced by what the macro's definition says. */
function expandNamespaceMacros(text: string): string {
  const definition = /^#define[ \t]+([A-Z_]+)\(([^)]*)\)[ \t]*((?:[^\n]*\\\n)+[^\n]*)$/gm;
  let expanded = text;
  for (const [whole, name = "", parameters = "", body = ""] of text.matchAll(definition)) {
    const names = parameters.split(",").map((parameter) => parameter.trim());
    expanded = expanded.replace(whole, whole.replace(/[^\n]/g, " "));
    expanded = expanded.replace(new RegExp(`^${name}\\(([^)]*)\\)$`, "gm"), (_, given: string) => {
      const values = given.split(",").map((value) => value.trim());
      return body.replace(/\\\n/g, " ").replace(/\b\w+\b/g, (word) => values[names.indexOf(word)] ?? word);
    });
  }
  return expanded;
}

function isAccess(tokens: readonly CppToken[], start: number, end: number): boolean {
  return end === start + 1 && /^(public|private|protected)$/.test(tokens[start]?.text ?? "");
}

function openedScope(head: readonly CppToken[], scope: Scope): Scope | undefined {
  const words = head.map(({ text }) => text);
  if (words.length === 2 && words[0] === "extern" && head[1]?.kind === "string")
    return { kind: "transparent", path: scope.path, isPublic: true };
  const namespace = words.indexOf("namespace");
  if (namespace !== -1) {
    const path = words
      .slice(namespace + 1)
      .filter((word) => word !== "inline")
      .join("");
    return { kind: "namespace", path: join(scope.path, path, "::"), isPublic: true };
  }
  const at = classKeyword(head);
  if (at === undefined) return undefined;
  const name = classNameAfter(head, at);
  if (name === undefined) return undefined;
  return { kind: "class", path: qualified(scope, name), isPublic: words[at] !== "class" };
}

/** Where a head says class, struct or union, outside of template parameters; undefined for functions and enums. */
function classKeyword(head: readonly CppToken[]): number | undefined {
  for (let i = 0; i < head.length; i++) {
    const text = head[i]?.text;
    if (text === "template" && head[i + 1]?.text === "<") {
      const end = closingAngle(head, i + 1);
      if (end === -1) return undefined;
      i = end;
    } else if (text === "(" || text === "[") i = closingIndex(head, i);
    else if (text === "=" || text === "enum" || text === "concept") return undefined;
    else if (text === "class" || text === "struct" || text === "union") return i;
  }
  return undefined;
}

function classNameAfter(head: readonly CppToken[], keyword: number): string | undefined {
  let name: string | undefined;
  for (let i = keyword + 1; i < head.length; i++) {
    const token = head[i] as CppToken;
    if (token.text === "(" || token.text === "[") i = closingIndex(head, i);
    else if (token.text === ":" || token.text === "<") break;
    // The last word before bases or specialisation is the name; before it are attributes and alignas.
    else if (token.kind === "name" && token.text !== "alignas" && token.text !== "final") name = token.text;
  }
  return name;
}

function isEnum(head: readonly CppToken[]): boolean {
  return head.some(({ text }) => text === "enum") && !head.some(({ text }) => text === "(");
}

function isConcept(head: readonly CppToken[]): boolean {
  return head.some(({ text }) => text === "concept");
}

function enumerators(head: readonly CppToken[], body: readonly CppToken[], scope: Scope): DeclaredName[] {
  if (!scope.isPublic) return [];
  const names = head.filter(({ kind, text }) => kind === "name" && !/^(enum|class|struct)$/.test(text));
  const first = names[0];
  if (first === undefined) return [];
  const path = qualified(scope, first.text);
  const found: DeclaredName[] = [{ name: path, kind: "type", line: first.line }];
  let expected = true;
  for (let i = 0; i < body.length; i++) {
    const { kind, text, line } = body[i] as CppToken;
    if (text === "(" || text === "[" || text === "{") i = closingIndex(body, i);
    else if (text === ",") expected = true;
    else if (expected && kind === "name") {
      found.push({ name: `${path}::${text}`, kind: "value", line });
      expected = false;
    }
  }
  return found;
}

interface FunctionHead {
  readonly name: string;
  readonly line: number;
  readonly args: readonly [number, number];
}

function isFunctionHead(head: readonly CppToken[]): boolean {
  return functionHead(head) !== undefined || head.some(({ text }) => text === "operator");
}

/** `Class::member` in front of a bracket: the definition of what the class declares. */
const member = Symbol("member");

/** The function that a head declares: the last name before the first bracket that is not an attribute's or condition's. */
function functionHead(all: readonly CppToken[]): FunctionHead | typeof member | undefined {
  const head = withoutTemplate(all);
  for (let i = 0; i < head.length; i++) {
    const { text, kind, line } = head[i] as CppToken;
    if (text === "=" || text === "operator" || text === "using" || text === "typedef" || text === "friend")
      return undefined;
    if (text === "[" || text === "{") i = closingIndex(head, i);
    else if (text === "<" && head[i - 1]?.kind === "name") {
      const end = closingAngle(head, i);
      if (end !== -1) i = end;
    } else if (text === "(") {
      const before = head[i - 1];
      const end = closingIndex(head, i);
      const isName =
        before?.kind === "name" &&
        !/^(requires|alignas|__attribute__|decltype|noexcept|explicit|if|sizeof)$/.test(before.text);
      if (isName && head[i - 2]?.text === "::") return member;
      if (isName) return { name: before.text, line: before.line, args: argumentCounts(head.slice(i + 1, end)) };
      i = end;
    } else if (kind === "directive") return undefined;
    if (line < 0) return undefined;
  }
  return undefined;
}

/** Drops `template <...>` and the `requires` clause behind it. */
function withoutTemplate(head: readonly CppToken[]): readonly CppToken[] {
  let at = 0;
  while (head[at]?.text === "template" && head[at + 1]?.text === "<") {
    const end = closingAngle(head, at + 1);
    if (end === -1) break;
    at = end + 1;
    if (head[at]?.text !== "requires") continue;
    at++;
    for (;;) {
      if (head[at]?.text === "!") at++;
      if (head[at]?.text === "(") at = closingIndex(head, at) + 1;
      else {
        while (head[at]?.kind === "name" || head[at]?.text === "::") at++;
        if (head[at]?.text === "<") at = closingAngle(head, at) + 1;
        if (at === 0) return head;
      }
      if (head[at]?.text !== "&&" && head[at]?.text !== "||") break;
      at++;
    }
  }
  return head.slice(at);
}

export function argumentCounts(inside: readonly CppToken[]): readonly [number, number] {
  if (inside.length === 0 || (inside.length === 1 && inside[0]?.text === "void")) return [0, 0];
  let [fewest, most] = [0, 0];
  let hasDefault = false;
  const finish = (): void => {
    most++;
    if (!hasDefault) fewest++;
    hasDefault = false;
  };
  let isPack = false;
  for (let i = 0; i < inside.length; i++) {
    const text = inside[i]?.text;
    if (text === "(" || text === "[" || text === "{") i = closingIndex(inside, i);
    else if (text === "<" && inside[i - 1]?.kind === "name") {
      const end = closingAngle(inside, i);
      if (end !== -1) i = end;
    } else if (text === "...") isPack = true;
    else if (text === "=") hasDefault = true;
    else if (text === ",") finish();
  }
  finish();
  return isPack ? [Math.max(0, fewest - 1), anyCount] : [fewest, most];
}

function declared(head: readonly CppToken[], scope: Scope): readonly DeclaredName[] {
  if (!scope.isPublic || head.length === 0) return [];
  const words = head.map(({ text }) => text);
  if (words.includes("friend") || words.includes("static_assert") || words.includes("operator")) return [];
  const plain = withoutTemplate(head);
  const first = plain[0];
  const line = first?.line ?? 0;
  if (first?.text === "using") {
    const name = plain[1];
    if (name?.kind !== "name" || plain[1]?.text === "namespace") return [];
    const last = plain.at(-1);
    const isAlias = plain.some(({ text }) => text === "=");
    return [
      { name: qualified(scope, isAlias ? name.text : (last?.text ?? "")), kind: isAlias ? "type" : "value", line },
    ];
  }
  const keyword = classKeyword(head);
  if (keyword !== undefined) {
    const name = classNameAfter(head, keyword);
    return name === undefined ? [] : [{ name: qualified(scope, name), kind: "type", line }];
  }
  const call = functionHead(head);
  if (call === member) return [];
  if (call !== undefined) {
    // A constructor is named like its class, a destructor has `~` before it.
    const own = scope.path.split(/::|\./).at(-1);
    if (call.name === own) return [];
    return [{ name: qualified(scope, call.name), kind: "function", args: call.args, line: call.line }];
  }
  return variable(plain, scope);
}

/** `int x = 1`, `static constexpr unsigned size`, `concept C = ...`, `typedef T name`. */
function variable(head: readonly CppToken[], scope: Scope): readonly DeclaredName[] {
  const end = head.findIndex(({ text }) => text === "=" || text === "{" || text === "[");
  const declarator = end === -1 ? head : head.slice(0, end);
  const last = declarator.at(-1);
  if (declarator.length < 2 || last?.kind !== "name") return [];
  const kind = head[0]?.text === "typedef" ? "type" : "value";
  return [{ name: qualified(scope, last.text), kind, line: last.line }];
}

function qualified(scope: Scope, name: string): string {
  return join(scope.path, name, scope.kind === "class" ? "." : "::");
}

function join(path: string, name: string, separator: string): string {
  return path === "" ? name : name === "" ? path : `${path}${separator}${name}`;
}

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "@aiekit/core";
import type { VersionRange } from "./versions.ts";

/** `tools/toolchain.lock.json`: what is pinned of the programs that this project does not build itself. */
export interface ToolchainLock {
  /** What `aiekit toolchain install` gets. */
  readonly wheels: readonly LockedWheel[];
  /** What comes another way: in a wheel, with the system, from npm. */
  readonly others: readonly LockedTool[];
  /** What the scripts unpack for tests that need XRT or the real packagers (scripts/debian-packages.mjs). */
  readonly debian: readonly LockedDebianPackage[];
}

interface LockedDebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
}

interface Locked {
  readonly name: string;
  readonly version: string;
  /** Versions that the drivers are written for. */
  readonly supported: VersionRange;
  readonly licence: string;
  readonly project: string;
}

/** Either the hash and who says so, or null and why there is none. */
type LockedHash =
  | { readonly sha256: string; readonly sha256From: string }
  | { readonly sha256: null; readonly sha256Reason: string };

export type LockedWheel = Locked &
  LockedHash & {
    /** Page that lists the wheels of the release. */
    readonly releases: string;
    readonly programs: readonly string[];
    readonly file: string;
    /** Tried in order while the one before answers that it has no such file. */
    readonly urls: readonly string[];
  };

type LockedTool = Locked & LockedHash & { readonly source: string; readonly integrity?: string };

export const lockFile = "tools/toolchain.lock.json";

/** @throws FormatError that names the field. */
export function readToolchainLock(projectRoot: string): ToolchainLock {
  const path = join(projectRoot, lockFile);
  return parseToolchainLock(readFileSync(path, "utf8"), path);
}

/** @throws FormatError that names the field; unknown fields are refused, so that a misspelt one is not ignored. */
export function parseToolchainLock(text: string, path: string = lockFile): ToolchainLock {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${path}: not JSON`, { cause });
  }
  const lock = new Fields(json, path);
  if (lock.value("schema") !== 1) throw lock.wrong("schema", "1");
  const wheels = lock.list("wheels").map(parseWheel);
  const others = lock.list("others").map(parseOther);
  const debian = lock.list("debian").map(parseDebian);
  lock.finish();
  const names = [...wheels, ...others].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new FormatError(`${path}: ${twice} is listed twice`);
  return { wheels, others, debian };
}

function parseDebian(fields: Fields): LockedDebianPackage {
  const one = {
    name: fields.text("name", /^[a-z0-9][a-z0-9+.-]+$/),
    version: fields.text("version", /^[\w.+~:-]+$/),
    architecture: fields.text("architecture", /^(amd64|arm64|all)$/),
    sha256: fields.text("sha256", /^[0-9a-f]{64}$/),
  };
  fields.finish();
  return one;
}

function parseWheel(fields: Fields): LockedWheel {
  const wheel = {
    ...parseLocked(fields),
    ...parseHash(fields),
    releases: fields.url("releases"),
    programs: fields.texts("programs"),
    file: fields.text("file", /^[A-Za-z0-9_.+]+(-[A-Za-z0-9_.+]+){4,5}\.whl$/),
    urls: fields.texts("urls"),
  };
  for (const url of wheel.urls) {
    if (!url.startsWith("https://") || decodeURIComponent(url.split("/").at(-1) ?? "") !== wheel.file)
      throw fields.wrong("urls", `https addresses that end in ${wheel.file}`);
  }
  if (!wheel.file.startsWith(`${wheel.name}-${wheel.version}-`))
    throw fields.wrong("file", `a wheel of ${wheel.name} ${wheel.version}`);
  fields.finish();
  return wheel;
}

function parseOther(fields: Fields): LockedTool {
  const integrity = fields.optional("integrity", /^sha512-[A-Za-z0-9+/]{86}==$/);
  const tool = { ...parseLocked(fields), ...parseHash(fields), source: fields.text("source") };
  fields.finish();
  return { ...tool, ...(integrity !== undefined && { integrity }) };
}

function parseLocked(fields: Fields): Locked {
  const supported = fields.record("supported");
  const before = supported.value("before") === null ? null : supported.text("before", /^\d/);
  const range = { from: supported.text("from", /^\d/), before };
  supported.finish();
  return {
    name: fields.text("name"),
    version: fields.text("version", /^\d/),
    supported: range,
    licence: fields.text("licence"),
    project: fields.url("project"),
  };
}

function parseHash(fields: Fields): LockedHash {
  if (fields.value("sha256") === null) return { sha256: null, sha256Reason: fields.text("sha256Reason", /\S.{9}/) };
  return { sha256: fields.text("sha256", /^[0-9a-f]{64}$/), sha256From: fields.text("sha256From", /\S.{9}/) };
}

/** A JSON object that is read field by field; errors name the field. */
class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #read = new Set<string>();

  constructor(json: unknown, path: string) {
    if (typeof json !== "object" || json === null || Array.isArray(json))
      throw new FormatError(`${path}: expected an object`);
    this.#fields = json as Record<string, unknown>;
    this.#path = path;
  }

  value(key: string): unknown {
    this.#read.add(key);
    if (!(key in this.#fields)) throw this.wrong(key, "a value");
    return this.#fields[key];
  }

  text(key: string, form: RegExp = /\S/): string {
    const value = this.value(key);
    if (typeof value !== "string" || !form.test(value)) throw this.wrong(key, `text of the form ${form}`);
    return value;
  }

  optional(key: string, form: RegExp): string | undefined {
    return key in this.#fields ? this.text(key, form) : undefined;
  }

  url(key: string): string {
    return this.text(key, /^https:\/\/[^/]+\/\S+$/);
  }

  texts(key: string): readonly string[] {
    const value = this.value(key);
    const ok = Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string" && item);
    if (!ok) throw this.wrong(key, "a list of texts");
    return value as string[];
  }

  record(key: string): Fields {
    return new Fields(this.value(key), `${this.#path}: ${key}`);
  }

  list(key: string): readonly Fields[] {
    const value = this.value(key);
    if (!Array.isArray(value)) throw this.wrong(key, "a list");
    return value.map((item, i) => new Fields(item, `${this.#path}: ${key}[${i}]`));
  }

  finish(): void {
    const unknown = Object.keys(this.#fields).find((key) => !this.#read.has(key));
    if (unknown !== undefined) throw new FormatError(`${this.#path}: unknown field ${unknown}`);
  }

  wrong(key: string, expected: string): FormatError {
    return new FormatError(`${this.#path}: ${key}: expected ${expected}, got ${JSON.stringify(this.#fields[key])}`);
  }
}

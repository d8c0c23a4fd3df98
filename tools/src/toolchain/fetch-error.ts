import { AiekitError } from "@aiekit/core";

/** Why a download stopped. `cut`: it had begun, and can go on where it stopped. */
type FetchFailure =
  | { readonly kind: "name" | "refused" | "unreachable" | "timeout" | "tls" | "cut"; readonly detail: string }
  | { readonly kind: "status"; readonly status: number }
  /** The proxy did not open the way to the server. */
  | { readonly kind: "proxy"; readonly status: number };

/** What to do where a download does not work; it depends on what is downloaded. */
export interface FetchAdvice {
  /** A way without a network. */
  readonly offline: string;
  /** Why a file may not be there. */
  readonly gone: string;
}

const wheelAdvice: FetchAdvice = {
  offline: "take the wheel to this machine as a file: aiekit toolchain install --wheel FILE",
  gone: "the file is no longer there (old nightly wheels are deleted): use a mirror that kept it (--mirror URL)",
};

/** A file could not be downloaded: which address, what happened there, what helps. */
export class FetchError extends AiekitError {
  readonly url: string;
  readonly failure: FetchFailure;
  readonly #via: string | undefined;

  constructor(
    url: string,
    failure: FetchFailure,
    options: { readonly cause?: unknown; readonly via?: string | undefined; readonly advice?: FetchAdvice } = {},
  ) {
    const host = hostOf(url);
    const through = options.via === undefined ? "" : `; a proxy is set: ${options.via}`;
    super("tool", `download ${url}: ${whatHappened(failure, host)}${through}`, {
      hint: cure(failure, host, options.advice ?? wheelAdvice),
      ...(options.cause !== undefined && { cause: options.cause }),
    });
    this.url = url;
    this.failure = failure;
    this.#via = options.via;
  }

  /** The same failure with another hint. */
  withAdvice(advice: FetchAdvice): FetchError {
    return new FetchError(this.url, this.failure, { cause: this.cause, via: this.#via, advice });
  }
}

/** What undici's error, or the system's error inside it, means. */
export function failureOf(error: unknown): Exclude<FetchFailure, { readonly kind: "status" }> {
  const proxy = /Proxy response \((\d+)\)/.exec(messagesOf(error));
  if (proxy !== null) return { kind: "proxy", status: Number(proxy[1]) };
  const codes = codesOf(error);
  const detail = codes[0] ?? (error instanceof Error ? error.message : String(error));
  const is = (...candidates: string[]): boolean => codes.some((code) => candidates.includes(code));
  if (is("ENOTFOUND", "EAI_AGAIN", "EAI_NODATA")) return { kind: "name", detail };
  if (is("ECONNREFUSED")) return { kind: "refused", detail };
  if (is("ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL")) return { kind: "unreachable", detail };
  if (is("UND_ERR_CONNECT_TIMEOUT", "ETIMEDOUT", "UND_ERR_HEADERS_TIMEOUT")) return { kind: "timeout", detail };
  if (codes.some((code) => /CERT|SSL|TLS|EPROTO|SELF_SIGNED|UNABLE_TO_/.test(code))) return { kind: "tls", detail };
  return { kind: "cut", detail };
}

function messagesOf(error: unknown): string {
  const messages: string[] = [];
  for (let current = error; current instanceof Error && messages.length < 8; current = current.cause) {
    messages.push(current.message);
  }
  return messages.join("\n");
}

/** Codes of an error and of what caused it, outermost first. */
function codesOf(error: unknown): readonly string[] {
  const codes: string[] = [];
  const visit = (current: unknown, depth: number): void => {
    if (!(current instanceof Error) || depth > 8) return;
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === "string") codes.push(code);
    if (current instanceof AggregateError) for (const inner of current.errors) visit(inner, depth + 1);
    visit(current.cause, depth + 1);
  };
  visit(error, 0);
  return codes;
}

function whatHappened(failure: FetchFailure, host: string): string {
  switch (failure.kind) {
    case "name":
      return `no address for the name ${host} (${failure.detail})`;
    case "refused":
      return `${host} refused the connection (${failure.detail})`;
    case "unreachable":
      return `no route to ${host} (${failure.detail})`;
    case "timeout":
      return `no answer from ${host} (${failure.detail})`;
    case "tls":
      return `the TLS connection to ${host} failed (${failure.detail})`;
    case "cut":
      return `the connection was cut (${failure.detail})`;
    case "status":
      return `expected status 200, got ${failure.status}`;
    case "proxy":
      return `no way to ${host}: expected status 200 of the proxy, got ${failure.status}`;
  }
}

function cure(failure: FetchFailure, host: string, advice: FetchAdvice): string {
  const { offline } = advice;
  switch (failure.kind) {
    case "name":
    case "unreachable":
    case "timeout":
      return `is there a network? behind a proxy set HTTPS_PROXY; or use a mirror (--mirror URL); or ${offline}`;
    case "refused":
      return `is ${host} the right host and port? check --mirror and HTTPS_PROXY; or ${offline}`;
    case "tls":
      return `where a proxy opens TLS, give Node its certificate with NODE_EXTRA_CA_CERTS=file.pem; check the clock of this machine; or ${offline}`;
    case "cut":
      return "run the command again: it goes on where it stopped";
    case "status":
      return statusCure(failure.status, advice);
    case "proxy":
      return `${failure.status === 407 ? "the proxy wants a login: HTTPS_PROXY=http://user:password@host:port" : "ask who runs the proxy whether it lets this host through"}; or ${offline}`;
  }
}

function statusCure(status: number, { offline, gone }: FetchAdvice): string {
  if (status === 404 || status === 410) return `${gone}, or ${offline}`;
  if (status === 401 || status === 403 || status === 407)
    return `the server or the proxy wants a login: put it into the address of the proxy or the mirror; or ${offline}`;
  if (status === 429 || status >= 500)
    return "the server is overloaded or broken: try again later, or use a mirror (--mirror URL)";
  return `not an answer that a download can use; use a mirror (--mirror URL), or ${offline}`;
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

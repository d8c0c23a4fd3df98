import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** How the server treats one request; the last of a list holds for all that follow. */
type Behaviour =
  | { readonly kind: "serve" }
  /** Announces everything, sends so many bytes of it, then cuts the connection. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Announces everything, sends so many bytes of it, then nothing more. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** Ignores Range, as some mirrors do. */
  | { readonly kind: "whole" }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "redirect"; readonly to: string };

/** A local server for wheels, over HTTP on 127.0.0.1. */
export class WheelServer {
  readonly #server: Server;
  readonly #files = new Map<string, { bytes: Buffer; behaviours: Behaviour[] }>();
  /** What the client says to have of the file: a connection is cut when it has read all that was sent. */
  receivedBytes = 0;
  /** Status of the answer to CONNECT, where this is asked as a proxy; 200 opens a way to this server itself. */
  tunnelStatus = 200;
  /** Every request that came: path and Range. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[] = [];

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on("connect", (request: IncomingMessage, socket: Socket) => this.#tunnel(request, socket));
  }

  static async open(): Promise<WheelServer> {
    const server = new WheelServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Address of a file; the name may hold characters that an address may not. */
  put(name: string, bytes: Buffer, behaviours: readonly Behaviour[] = [{ kind: "serve" }]): string {
    const path = `/${encodeURIComponent(name)}`;
    this.#files.set(path, { bytes, behaviours: [...behaviours] });
    return `${this.url}${path}`;
  }

  /** Cuts every connection. */
  dropAll(): void {
    this.#server.closeAllConnections();
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    // A proxy is asked with the whole address.
    const path = request.url?.replace(/^http:\/\/[^/]+/, "") ?? "";
    const { range } = request.headers;
    this.requests.push({ path, range });
    const file = this.#files.get(path);
    if (file === undefined) return void response.writeHead(404).end("Not Found");
    const behaviour = (file.behaviours.length > 1 ? file.behaviours.shift() : file.behaviours[0]) ?? { kind: "serve" };
    if (behaviour.kind === "status") return void response.writeHead(behaviour.status).end();
    if (behaviour.kind === "redirect") return void response.writeHead(302, { location: behaviour.to }).end();
    const from = behaviour.kind === "whole" ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    const { bytes } = file;
    if (from >= bytes.length) return void response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    const rest = bytes.subarray(from);
    const headers = { "content-length": rest.length, etag: `"${bytes.length}"` };
    if (from > 0)
      response.writeHead(206, { ...headers, "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    else response.writeHead(200, headers);
    if (behaviour.kind === "serve" || behaviour.kind === "whole") return void response.end(rest);
    response.write(rest.subarray(0, behaviour.afterBytes), () => {
      if (behaviour.kind === "cut") this.#cutAt(from + behaviour.afterBytes, response);
    });
  }

  /** Bytes that the client has not read when the connection breaks are lost to it, and the test would not know how many. */
  #cutAt(bytes: number, response: ServerResponse): void {
    if (this.receivedBytes >= bytes || response.destroyed) response.destroy();
    else setTimeout(() => this.#cutAt(bytes, response), 1);
  }

  #tunnel(request: IncomingMessage, socket: Socket): void {
    this.requests.push({ path: `CONNECT ${request.url}`, range: undefined });
    socket.write(`HTTP/1.1 ${this.tunnelStatus} ${this.tunnelStatus === 200 ? "OK" : "No"}\r\n\r\n`);
    if (this.tunnelStatus !== 200) return void socket.end();
    const way = connect((this.#server.address() as AddressInfo).port, "127.0.0.1");
    way.pipe(socket).pipe(way);
    way.on("error", () => socket.destroy());
    socket.on("error", () => way.destroy());
  }
}

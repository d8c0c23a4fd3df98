import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelFolderError, openWhisperModel } from "@aiekit/pipeline";
import { FetchError } from "@aiekit/tools";
import { expect, test } from "vitest";
import { type GetEvent, type GetRequest, getModel, type ModelSource } from "./get-model.ts";
import { commit, openHub, sha256, type TestHub } from "./hub.test-support.ts";
import { testFolder, tinyModel, writeFiles } from "./tiny-model.test-support.ts";

const weights = "model.safetensors";

async function requestOf(source: ModelSource, more: Partial<GetRequest> = {}): Promise<GetRequest> {
  const root = more.root ?? (await testFolder());
  return { name: "owner/tiny", root, source, force: false, env: {}, pause: async () => {}, ...more };
}

function atHub({ url }: TestHub): ModelSource {
  return { kind: "hub", hub: `${url}/`, revision: "main" };
}

test("a model comes from a hub at the commit of its revision, with every hash held against the hub's", async () => {
  const files = tinyModel();
  const hub = await openHub(files);
  const request = await requestOf(atHub(hub));

  const { folder, receipt, unchanged } = await getModel(request);

  expect([unchanged, folder, receipt.revision]).toEqual([false, join(request.root, "owner/tiny"), commit]);
  expect(receipt.files[weights]).toEqual({
    ...{ bytes: files.get(weights)!.length, sha256: sha256(files.get(weights)!), trust: "hub" },
  });
  expect((await readdir(folder)).sort()).toEqual(["aiekit-model.json", ...files.keys()].sort());
  await (await openWhisperModel(folder)).close();

  hub.requests.length = 0;
  expect(await getModel(request)).toMatchObject({ unchanged: true });
  expect(hub.requests).toEqual([]);
});

test("a connection that is cut goes on at its byte, and files that came whole are not asked for again", async () => {
  const files = tinyModel();
  const hub = await openHub(files);
  const stop = new AbortController();
  const request = await requestOf(atHub(hub));
  hub.cut = { file: weights, afterBytes: 5000, times: 1 };
  const stopped = getModel({ ...request, signal: stop.signal, pause: async () => stop.abort() });
  await expect(stopped).rejects.toMatchObject({ code: "aborted" });
  expect(await readdir(request.root)).toEqual([".partial"]);
  hub.requests.length = 0;
  const events: GetEvent[] = [];

  const { folder } = await getModel({ ...request, onEvent: (event) => events.push(event) });

  expect(events).toContainEqual({ kind: "resume", file: weights, doneBytes: 5000 });
  expect(hub.requests.filter((path) => path.includes("/resolve/"))).toEqual([
    `/owner/tiny/resolve/${commit}/${weights} bytes=5000-`,
  ]);
  expect(await readFile(join(folder, weights))).toEqual(files.get(weights));
});

test("a beginning that was damaged is seen by the hash, and the file is fetched from its first byte", async () => {
  const hub = await openHub(tinyModel());
  const request = await requestOf(atHub(hub));
  hub.cut = { file: weights, afterBytes: 5000, times: 100 };
  // Every attempt brings something, so attempts would not end by themselves.
  const stop = new AbortController();
  await expect(getModel({ ...request, signal: stop.signal, pause: async () => stop.abort() })).rejects.toThrow();
  const [staging] = await readdir(join(request.root, ".partial"));
  const part = (await readdir(join(request.root, ".partial", staging!))).find((name) => name.endsWith(".part"));
  await writeFile(join(request.root, ".partial", staging!, part!), Buffer.alloc(5000, 1));
  hub.cut = undefined;
  hub.requests.length = 0;

  const { folder } = await getModel(request);

  expect(hub.requests.filter((path) => path.includes(weights)).map((path) => path.split(" ")[1])).toEqual([
    "bytes=5000-",
    undefined,
  ]);
  expect((await stat(join(folder, weights))).size).toBe(hub.files.get(weights)!.length);
});

test("bytes other than the hub's hash are refused, and nothing is put in place", async () => {
  const hub = await openHub(tinyModel(1));
  hub.files.set(weights, tinyModel(2).get(weights)!);
  const request = await requestOf(atHub(hub));

  await expect(getModel(request)).rejects.toThrow(/model.safetensors: expected sha256 [0-9a-f]{64}, got another hash/);
  hub.files.set(weights, tinyModel(1).get(weights)!);
  hub.files.set("config.json", Buffer.from("{}"));
  await expect(getModel({ ...request, root: await testFolder() })).rejects.toThrow(
    /config.json: expected git [0-9a-f]{40}/,
  );
  expect(await readdir(request.root)).toEqual([".partial"]);
});

test("a model of another architecture is refused before its weights are asked for", async () => {
  const files = tinyModel();
  files.set("config.json", Buffer.from('{"model_type":"llama"}'));
  const hub = await openHub(files);

  const error = await getModel(await requestOf(atHub(hub))).catch((thrown: unknown) => thrown);

  expect(error).toBeInstanceOf(ModelFolderError);
  expect((error as ModelFolderError).message).toMatch(/^model owner\/tiny: \d problem/);
  expect((error as ModelFolderError).message).toContain('model_type: expected "whisper", got "llama"');
  expect(hub.requests.filter((path) => path.includes(weights))).toEqual([]);
});

test("files that a hub does not have, and a model that is not there, are told before any download", async () => {
  const files = tinyModel();
  files.delete("tokenizer.json");
  files.delete(weights);
  const hub = await openHub(files);

  await expect(getModel(await requestOf(atHub(hub)))).rejects.toThrow(
    /has no tokenizer.json, no model.safetensors at main/,
  );
  await expect(getModel(await requestOf(atHub(hub), { name: "owner/other" }))).rejects.toThrow(
    /expected an answer of a hub, got status 404/,
  );
  expect(hub.requests.filter((path) => path.includes("/resolve/"))).toEqual([]);
});

test("a mirror's SHA256SUMS are believed; without them the hashes are those of the first use", async () => {
  const files = tinyModel();
  const hub = await openHub(files);
  const mirror: ModelSource = { kind: "mirror", mirror: `${hub.url}/plain` };

  expect((await getModel(await requestOf(mirror))).receipt.files[weights]?.trust).toBe("first use");
  const lines = [...files].map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`);
  hub.files.set("SHA256SUMS", Buffer.from(lines.join("")));
  expect((await getModel(await requestOf(mirror))).receipt.files[weights]?.trust).toBe("mirror");
  hub.files.set(weights, tinyModel(2).get(weights)!);
  await expect(getModel(await requestOf(mirror))).rejects.toThrow("got another hash");
});

test("shards come as the index names them", async () => {
  const files = tinyModel();
  const shard = "model-00001-of-00001.safetensors";
  const bytes = files.get(weights)!;
  const names = Object.keys(JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString()) as object);
  const index = { weight_map: Object.fromEntries(names.map((name) => [name, shard])) };
  files.delete(weights);
  files.set(shard, bytes).set("model.safetensors.index.json", Buffer.from(JSON.stringify(index)));
  const hub = await openHub(files);

  for (const source of [atHub(hub), { kind: "mirror", mirror: `${hub.url}/plain` } as const]) {
    const { folder } = await getModel(await requestOf(source));
    expect((await readdir(folder)).sort()).toEqual(["aiekit-model.json", ...files.keys()].sort());
  }
});

test("a folder of this machine is copied with its hashes, a damaged one is refused", async () => {
  const from = join(await testFolder(), "mine");
  const files = tinyModel();
  await writeFiles(from, files);
  const request = await requestOf({ kind: "folder", folder: from }, { name: "mine" });

  const { folder, receipt } = await getModel(request);

  expect(await readFile(join(folder, weights))).toEqual(files.get(weights));
  expect(receipt).toMatchObject({ source: from, revision: null, files: { [weights]: { trust: "first use" } } });
  await writeFile(join(from, weights), files.get(weights)!.subarray(0, 100));
  await expect(getModel({ ...request, force: true })).rejects.toBeInstanceOf(ModelFolderError);
  expect(await readFile(join(folder, weights))).toEqual(files.get(weights));
});

test("a name that is the owner of models is refused, so that none of them is replaced", async () => {
  const hub = await openHub(tinyModel());
  const request = await requestOf(atHub(hub));
  await getModel(request);

  await expect(getModel({ ...request, name: "owner", force: true })).rejects.toThrow(
    "model owner: the owner of owner/tiny",
  );
});

test("hints of failed downloads speak of models, not of wheels", async () => {
  const files = tinyModel();
  files.delete("tokenizer.json");
  const hub = await openHub(files);

  const error = await getModel(await requestOf({ kind: "mirror", mirror: `${hub.url}/plain` })).catch(
    (e: unknown) => e,
  );

  expect(error).toBeInstanceOf(FetchError);
  expect((error as FetchError).message).toContain("tokenizer.json: expected status 200, got 404");
  expect((error as FetchError).hint).toContain("aiekit models get NAME --from FOLDER");
  expect((error as FetchError).hint).not.toContain("wheel");
});

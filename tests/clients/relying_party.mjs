// A relying party made of openid-client as it is published. One JSON line in, what to
// call; one line out, what came of it. Everything that is checked, the library checks.

import * as client from "openid-client";
import { createInterface } from "node:readline";

const ALGORITHMS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
};
let config;
let proofKey;

const privateKey = async ({ alg, kid, use, ...jwk }) => ({
  key: await crypto.subtle.importKey("jwk", jwk, ALGORITHMS[alg], false, ["sign"]),
  kid,
});

const decryptionKey = async ({ alg, kid, use, ...jwk }) => {
  const curve = { name: "ECDH", namedCurve: jwk.crv };
  const key = await crypto.subtle.importKey("jwk", jwk, curve, false, ["deriveBits"]);
  return { key, alg, kid };
};

// What JSON has no words for.
const MEANT = {
  url: (text) => new URL(text),
  posted: ([url, form]) =>
    new Request(url, { method: "POST", body: new URLSearchParams(form) }),
  key: privateKey,
  opening: decryptionKey,
  dpop: () => ({ DPoP: client.getDPoPHandle(config, proofKey) }),
};

const meant = async (given) => {
  if (given === null || typeof given !== "object") return given;
  const [name, ...others] = Object.keys(given);
  if (name?.startsWith("$") && !others.length) return MEANT[name.slice(1)](given[name]);
  return given;
};

const told = (value) => {
  if (value instanceof URL) return value.href;
  if (typeof value?.claims !== "function") return value;
  return { ...value, claims: value.claims() };
};

// Either way the client is then known by metadata alone.
const BEGINNINGS = {
  discovery: async (url, { clientId, metadata, method, secret }, options) => {
    const authentication = client[method](await meant(secret));
    return client.discovery(url, clientId, metadata, authentication, options);
  },
  dynamicClientRegistration: (url, { metadata }, options) =>
    client.dynamicClientRegistration(url, metadata, undefined, options),
};

const begin = async (how, server, { features, ...known }) => {
  const always = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  const execute = [...always, ...features.map((name) => client[name])];
  config = await BEGINNINGS[how](new URL(server), known, { execute });
  proofKey = await client.randomDPoPKeyPair("ES256");
  return config.clientMetadata();
};

const answer = async ([name, ...given]) => {
  if (name in BEGINNINGS) return begin(name, ...given);
  return told(await client[name](config, ...(await Promise.all(given.map(meant)))));
};

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { value: await answer(JSON.parse(line)) };
  } catch (failed) {
    const { message, code, error } = failed;
    said = { refused: { message, code, error, cause: failed.cause?.message } };
  }
  console.log(JSON.stringify(said));
}

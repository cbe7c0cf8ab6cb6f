// Checks the contracts with code that shares nothing with what generates them.
// In (JSON on stdin): {"asyncapi": [path], "instances": [{"schema": path, "value": any}],
//                      "headers": [{"asyncapi": path, "message": name, "value": object}]}
// Out (JSON on stdout): a list of what is wrong, {"where", "message"} each; empty is good.
const fs = require("node:fs");
const { Parser } = require("@asyncapi/parser");
const Ajv2020 = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

const SEVERITIES = ["error", "warning", "information", "hint"];

function read(path) {
  return fs.readFileSync(path, "utf8");
}

function compiler() {
  const ajv = new Ajv2020({ allErrors: true, strict: true });
  addFormats(ajv);
  return ajv;
}

async function diagnose(path) {
  const { diagnostics } = await new Parser().parse(read(path), { source: path });
  return diagnostics.map((each) => ({
    where: `${path} ${each.path.join(".")}`,
    severity: SEVERITIES[each.severity],
    code: String(each.code),
    message: each.message,
  }));
}

function mismatches(ajv, schema, value, where) {
  const validate = (schema.$id && ajv.getSchema(schema.$id)) || ajv.compile(schema);
  if (validate(value)) return [];
  return validate.errors.map((error) => ({
    where: `${where}${error.instancePath}`,
    message: `${error.keyword}: ${error.message}`,
  }));
}

async function main() {
  const asked = JSON.parse(read(0));
  const wrong = [];
  for (const path of asked.asyncapi ?? []) wrong.push(...(await diagnose(path)));
  const payloads = compiler();
  for (const { schema, value, where } of asked.instances ?? [])
    wrong.push(...mismatches(payloads, JSON.parse(read(schema)), value, where));
  for (const { asyncapi, message, value, where } of asked.headers ?? []) {
    const { headers } = JSON.parse(read(asyncapi)).components.messages[message];
    wrong.push(...mismatches(compiler(), headers, value, where));
  }
  process.stdout.write(JSON.stringify(wrong));
}

main();

// SPDX-License-Identifier: Apache-2.0
// Starts `tailrace lsp` and leaves the rest to it: everything an editor shows comes from the program.
const { workspace } = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

function activate() {
  const settings = workspace.getConfiguration("tailrace");
  const server = { command: settings.get("program"), args: ["lsp"], transport: TransportKind.stdio };
  client = new LanguageClient("tailrace", "Tailrace", server, {
    documentSelector: [
      { language: "tailrace" },
      { scheme: "file", pattern: "**/{pipelines,logstash,tailrace}.yml" },
    ],
    initializationOptions: {
      "pipeline.ecs_compatibility": settings.get("pipeline.ecs_compatibility"),
      "config.support_escapes": settings.get("config.support_escapes"),
    },
  });
  return client.start();
}

function deactivate() {
  return client && client.stop();
}

module.exports = { activate, deactivate };

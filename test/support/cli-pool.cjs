'use strict';
/* Processes in which the command's modules are loaded (cli-host.ts), for the test files of one jest worker: this module is loaded
   once for all of them, outside their realms. */
const { fork } = require('node:child_process');
const process = require('node:process');

const HOST = require.resolve('../../build/test/support/cli-host.js');
const MOST_HOSTS = 2;
/** Read when a process starts, or by its native libraries: a run with others than the host's needs a process of its own. */
const READ_AT_START = /^(NODE_|LD_|DYLD_|UV_|V8_|SSL_|GLIBC_|MALLOC_|VK_|OMP_|LC_|LANG|TZ$)/;

const hosts = [];

const startHost = () => {
  const host = {
    child: fork(HOST, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], serialization: 'advanced' }),
    run: null,
  };
  const { child } = host;
  /* A test waits for its runs; nothing waits for a host. */
  for (const one of [child, child.channel, child.stdout, child.stderr]) one.unref();
  for (const name of ['stdout', 'stderr']) {
    /* What native libraries print, in the host or in its engine. */
    child[name].setEncoding('utf8').on('data', (text) => {
      if (host.run !== null) host.run[name] += text;
    });
  }
  child.on('message', ({ code, stdout, stderr }) => {
    const { resolve, ...own } = host.run;
    host.run = null;
    resolve({ code, signal: null, stdout: own.stdout + stdout, stderr: own.stderr + stderr });
  });
  child.on('exit', (code, signal) => {
    hosts.splice(hosts.indexOf(host), 1);
    host.run?.resolve({ code, signal, ...host.run });
  });
  hosts.push(host);
  return host;
};

const differs = (a, b) =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].some((name) => READ_AT_START.test(name) && a[name] !== b[name]);

/** @returns a promise of the run; null: it needs a process of its own */
exports.runInHost = (argv, { cwd, env, input }) => {
  if (differs(env, process.env)) return null;
  const host = hosts.find(({ run }) => run === null) ?? (hosts.length < MOST_HOSTS ? startHost() : undefined);
  if (host === undefined) return null;
  return new Promise((resolve) => {
    host.run = { resolve, stdout: '', stderr: '' };
    host.child.send({ argv, cwd, env, input });
  });
};

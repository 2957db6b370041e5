'use strict';

// Runs Cumulus's `sqs2sfThrottle` as Lambda would: the part of Lambda's Node.js runtime that a measurement needs.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

const http = require('http');

const { sqs2sfThrottleHandler } = require('@cumulus/api/lambdas/sf-starter');

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

// As Cumulus's own rule of EventBridge has it, but for the two limits: those are of the machine's size there.
const event = {
  queueUrl: process.env.QUEUE_URL,
  messageLimit: Number(process.env.MESSAGE_LIMIT),
  timeLimit: Number(process.env.TIME_LIMIT_SECONDS),
};

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const request = http.request({ host, port, agent, method, path: `/2018-06-01/runtime/${path}`, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ headers: response.headers, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function run() {
  for (;;) {
    const { headers } = await ask('GET', 'invocation/next');
    const id = headers['lambda-runtime-aws-request-id'];
    try {
      const started = await sqs2sfThrottleHandler(event);
      await ask('POST', `invocation/${id}/response`, JSON.stringify(started));
    } catch (error) {
      const told = { errorType: error.name, errorMessage: error.message };
      await ask('POST', `invocation/${id}/error`, JSON.stringify(told));
    }
  }
}

run().catch((error) => {
  console.error(error);
  process.exit(1);
});

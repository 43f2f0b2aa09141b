// Wire formats of the AWS stand-in's responses: JSON 1.1 for ECR and ECR Public, the query protocol's XML for STS.
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { AwsRefusal } from './refusal.js';
import type { AwsService } from './signed-request.js';

const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** Sends a result of ECR or ECR Public. */
export function sendJsonResult(response: ServerResponse, result: Record<string, unknown>): void {
  send(response, 200, 'application/x-amz-json-1.1', JSON.stringify(result));
}

/** Sends a result of STS, given as XML elements. */
export function sendXmlResult(response: ServerResponse, action: string, result: string): void {
  const body =
    `<${action}Response xmlns="${STS_NAMESPACE}"><${action}Result>${result}</${action}Result>` +
    `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`;
  send(response, 200, 'text/xml', body);
}

/** Sends an error in the service's format. */
export function sendError(
  response: ServerResponse,
  service: AwsService,
  { status, name: code, message }: AwsRefusal,
): void {
  if (service === 'sts') {
    const body =
      `<ErrorResponse xmlns="${STS_NAMESPACE}"><Error><Type>Sender</Type><Code>${escapeXml(code)}</Code>` +
      `<Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
    send(response, status, 'text/xml', body);
  } else {
    send(response, status, 'application/x-amz-json-1.1', JSON.stringify({ __type: code, message }), {
      'x-amzn-ErrorType': code,
    });
  }
}

/** An XML element with escaped text. */
export function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': type, 'x-amzn-RequestId': randomUUID(), ...headers });
  response.end(body);
}

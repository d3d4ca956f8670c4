export * from './contract';
export * from './describe-provider-contract';
export * from './expect-outcome';
export * from './scripted-http-server';
export * from './scripted-http2-server';
export * from './scripted-smtp-server';
export * from './self-signed';
export * from './send-context';
export { refusedPort } from './server-sockets';

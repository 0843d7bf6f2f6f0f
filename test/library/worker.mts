import 'tokentrim/web/worker';

# A worker in another language: what docs/worker-protocol.md asks for, and no more.
use strict;
use warnings;
use JSON::PP;

my $protocol = 'pipewright-worker/1';
my $json = JSON::PP->new->utf8->allow_nonref->canonical;
open(my $channel, '+<&=', 3) or exit 64;
binmode $channel;
$| = 1;
my ($calls, $running, $asked) = (0, 0, 0);
$SIG{TERM} = sub { die "cancelled\n" if $running };

sub tell_host {
    my $text = $json->encode($_[0]) . "\n";
    while (length $text) { substr($text, 0, syswrite($channel, $text) // exit) = '' }
}
my $rest = '';
sub hear {
    my $line;
    until (defined $line) {
        if ($rest =~ s/^(.*)\n//) { $line = $1; last }
        my $read = sysread($channel, $rest, 65536, length $rest);
        next if !defined $read && $!{EINTR};
        return undef unless $read;
    }
    return $json->decode($line);
}
sub slurp { open(my $from, '<:raw', $_[0]) or die $!; local $/; return scalar <$from> }

my %functions = (
    echo => sub { return { value => $_[0]{value} } },
    count => sub { return { calls => ++$calls } },
    fail => sub { die "$_[0]{message}\n" },
    print => sub { print "$_[0]{text}\n"; return { done => JSON::PP::true } },
    wait => sub { sleep 60; return {} },
    exit => sub { require POSIX; POSIX::_exit($_[0]{code}) },
    copy => sub {
        my $path = "$_[1]{workdir}/copy.txt";
        open(my $to, '>', $path) or die $!;
        print $to slurp($_[0]{file});
        close $to;
        return { file => $path };
    },
    report_all => sub {
        tell_host({ type => 'log', level => 'warn', message => 'careful', fields => { row => 3 } });
        tell_host({ type => 'metric', name => 'loss', value => 0.5, step => 3 });
        tell_host({ type => 'param', name => 'optimiser', value => 'sgd' });
        tell_host({ type => 'progress', done => 1, total => 2 });
        return {};
    },
);

sub call {
    my ($run) = @_;
    my $function = $functions{ $run->{function} };
    return { code => 'FUNCTION_NOT_FOUND', type => 'Error', message => "there is no $run->{function}" } unless $function;
    my %inputs = map {
        my $given = $run->{inputs}{$_};
        $_ => $given->{path} // (exists $given->{file} ? $json->decode(slurp($given->{file})) : $given->{value})
    } keys %{ $run->{inputs} };
    my $returned = eval { $running = 1; my $r = $function->(\%inputs, $run); $running = 0; $r };
    $running = 0;
    if (!$returned) { chomp(my $message = $@); return { type => 'Error', message => $message } }
    my %outputs;
    for my $name (keys %$returned) {
        my $kind = $run->{outputs}{$name}{kind};
        if ($kind eq 'file') { $outputs{$name} = { kind => $kind, path => $returned->{$name} }; next }
        my $text = $json->encode($returned->{$name});
        if (length $text <= 65536) { $outputs{$name} = { kind => $kind, value => $returned->{$name} }; next }
        mkdir $run->{exchange};
        open(my $to, '>', "$run->{exchange}/$name.json") or die $!;
        print $to $text;
        close $to;
        $outputs{$name} = { kind => $kind, file => "$run->{exchange}/$name.json" };
    }
    return \%outputs, 1;
}

tell_host({ type => 'hello', protocol => $protocol, language => 'perl', version => sprintf('%vd', $^V), formats => ['rows'] });
exit 64 if $ENV{PIPEWRIGHT_WORKER} ne $protocol;
my $request = -r $ENV{PIPEWRIGHT_WORKER_REQUEST} ? $json->decode(slurp($ENV{PIPEWRIGHT_WORKER_REQUEST})) : exit 64;
if (!-e $request->{entry}{script}) {
    my $message = "the script $request->{entry}{script} is not there";
    tell_host({ type => 'refused', error => { type => 'Error', code => 'FUNCTION_NOT_FOUND', message => $message } });
    exit 65;
}
tell_host({ type => 'ready' });
while (my $message = hear()) {
    next if $message->{type} ne 'run';
    my ($said, $isResult) = call($message);
    tell_host({ type => $isResult ? 'result' : 'error', id => $message->{id}, ($isResult ? 'outputs' : 'error') => $said });
}

/**
 * Programs for `replay.sh` that print what a database is known by (PagesHash): the first argument names it, the second is the size of its
 * pages. They stand in single quotes of a shell, so there are none in them.
 */

/** Digest::SHA comes with perl from 5.9.3 on (perldoc.perl.org, Module::CoreList), but not with Debian's perl-base. */
export const PERL_DIGEST = `use strict;
use Digest::SHA;
my $whole = Digest::SHA->new(256);
open my $file, "<:raw", $ARGV[0] or die "$ARGV[0]: $!\\n";
$whole->add(Digest::SHA::sha256($_)) while read $file, $_, $ARGV[1];
print $whole->hexdigest;
`;

/** Version 3.4 or newer. */
export const PYTHON_DIGEST = `import hashlib, sys
whole = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    for page in iter(lambda: file.read(int(sys.argv[2])), b""):
        whole.update(hashlib.sha256(page).digest())
print(whole.hexdigest())
`;

// SPDX-License-Identifier: GPL-2.0
/* engine.c and layers.c once more, with the real ESP: what engine_test.c includes has a fake one. */
#define cvsw_handle_frame	fuzz_handle_frame
#define cvsw_engine_way		fuzz_engine_way
#define cvsw_engine_resume	fuzz_engine_resume
#define cvsw_layer_encap	fuzz_layer_encap
#define cvsw_layer_decap	fuzz_layer_decap
#define cvsw_layer_encrypt	fuzz_layer_encrypt
#define cvsw_layer_decrypt	fuzz_layer_decrypt
#define cvsw_layer_wants_pieces	fuzz_layer_wants_pieces
#define cvsw_layer_pieces	fuzz_layer_pieces
#include "../drivers/cvsw/engine/engine.c"
#include "../drivers/cvsw/engine/layers.c"

#include "tutelage/impl/text/chat.ipp"
#include "tutelage/impl/text/tokenizer.ipp"
